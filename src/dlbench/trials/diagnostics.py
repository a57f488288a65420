"""What is measured of a training beside its results: which diagnostics, at which epochs, and what they gave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dlbench.errors import DlbenchError

FIRST, LAST, EVERY = "first", "last", "every:"
DEFAULT_AT = (FIRST, LAST)


class Reading(NamedTuple):
    """One value of a diagnostic: a row of diagnostics.csv. epoch: from 1. layer: "" for the whole model."""

    epoch: int
    layer: str
    diagnostic: str
    value: float


@dataclass(frozen=True, kw_only=True)
class DiagnosticsPlan:
    """Which diagnostics measure a training, and at the end of which epochs.

    diagnostics: in the component syntax, qualified. at: "first", "last", "every:N" and epochs from 1.
    values: the names of what they give, each a metric.
    """

    diagnostics: tuple[str, ...] = ()
    at: tuple[str, ...] = DEFAULT_AT
    values: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.diagnostics)

    def due(self, epoch: int, *, last: bool) -> bool:
        """Tell whether an epoch is measured. last: whether the training ends with it."""
        return any(_is_due(text, epoch, last) for text in self.at)

    def epochs(self, epochs_run: int) -> frozenset[int]:
        """Return which epochs of a finished training are measured."""
        return frozenset(epoch for epoch in range(1, epochs_run + 1) if self.due(epoch, last=epoch == epochs_run))

    def joined(self, other: "DiagnosticsPlan") -> "DiagnosticsPlan":
        """Return what measures all that either measures."""
        if not self or not other:
            return self or other
        return DiagnosticsPlan(
            diagnostics=_union(self.diagnostics, other.diagnostics),
            at=_union(self.at, other.at),
            values=_union(self.values, other.values),
        )

    def lacks(self, watched: Mapping[str, Iterable[int]], epochs_run: int) -> bool:
        """Tell whether something was not tried yet. watched: the epochs at which each diagnostic was."""
        wanted = self.epochs(epochs_run)
        return any(not wanted <= set(watched.get(diagnostic, ())) for diagnostic in self.diagnostics)

    def to_json(self) -> dict[str, list[str]]:
        """Return it as JSON content."""
        return {"diagnostics": list(self.diagnostics), "at": list(self.at), "values": list(self.values)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> "DiagnosticsPlan":
        """Read it back from JSON content; None and {} mean no diagnostics."""
        return cls(**{key: tuple(texts) for key, texts in content.items()}) if content else cls()


NO_DIAGNOSTICS = DiagnosticsPlan()


def read_time(text: str) -> str:
    """Return a time as plans keep it, "" where a text names none. Raises DlbenchError for an epoch that cannot be."""
    if text in (FIRST, LAST):
        return text
    number = text.removeprefix(EVERY)
    if text.startswith(EVERY) and not number.isdecimal():
        raise DlbenchError(f"{text!r} is no interval of epochs.", "Write every:5 for each fifth epoch.")
    if not number.isdecimal():
        return ""
    if not int(number):
        raise DlbenchError(f"{text!r} is not accepted: epochs count from 1.", "Write first for the first epoch.")
    return f"{EVERY if text.startswith(EVERY) else ''}{int(number)}"


def _is_due(text: str, epoch: int, last: bool) -> bool:
    if text == LAST:
        return last
    if text.startswith(EVERY):
        return epoch % int(text.removeprefix(EVERY)) == 0
    return epoch == (1 if text == FIRST else int(text))


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))
