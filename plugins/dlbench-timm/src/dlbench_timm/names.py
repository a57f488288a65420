"""The committed list of timm's models: names.txt, written by dlbench_timm.generate."""

from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("names.txt")


class TimmModel(NamedTuple):
    """One model under timm's name.

    family: the module of timm that holds it. size: the height and width of the images that it was made for, in
    pixels. fixed: whether its weights depend on the size of its images, so that it is built for them. smallest: the
    smallest square image, among usual sizes, that it trains on, in pixels; None where that was not measured yet.
    """

    name: str
    family: str
    size: tuple[int, int]
    fixed: bool
    smallest: int | None = None

    def line(self) -> str:
        """Return the model as a line of names.txt."""
        height, width = self.size
        return f"{self.name} {self.family} {height}×{width} {'fixed' if self.fixed else 'any'} {self.smallest or '?'}"

    @classmethod
    def read(cls, line: str) -> "TimmModel":
        """Read a model from a line of names.txt."""
        name, family, size, fixed, smallest = line.split()
        height, _, width = size.partition("×")
        least = None if smallest == "?" else int(smallest)
        return cls(name, family, (int(height), int(width)), fixed == "fixed", least)


def timm_models() -> list[TimmModel]:
    """Read the list."""
    return [TimmModel.read(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
