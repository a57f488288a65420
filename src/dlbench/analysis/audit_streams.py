"""Rows of dlbench's trials.csv whose sources of randomness have seeds of their own: varied in a spread, or held."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.analysis.spreadsheets import is_of_search, read_sheet
from dlbench.plans.hold import held_in_words
from dlbench.trials.seed_streams import SEEDED

_COLUMN = "stream_seeds"
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Streams:
    """What a file says of the seeds of single sources.

    left_out: lines of trials that vary a source, beside a trial of the same variant and seed that does not.
    held: what all other trials share, "on one split"; "" for nothing.
    notes: what follows, a sentence each.
    """

    left_out: frozenset[int] = frozenset()
    held: str = ""
    notes: tuple[str, ...] = ()


def read_streams(path: Path, variant: str, seed: str) -> Streams:
    """Read the column of the seeds of sources of a file, where it has one. variant, seed: columns."""
    judged = [(line, cells) for line, cells in read_sheet(path).rows if not is_of_search(cells)]
    rows = [(line, cells) for line, cells in judged if cells.get(_COLUMN)]
    plain = {(cells.get(variant), cells.get(seed)) for _, cells in judged if not cells.get(_COLUMN)}
    left_out = frozenset(line for line, cells in rows if (cells.get(variant), cells.get(seed)) in plain)
    kept = [cells for line, cells in rows if line not in left_out]
    shared = {cells[_COLUMN] for cells in kept}
    alike = len(shared) == 1 and not plain
    return Streams(
        left_out=left_out,
        held=_held(shared.pop()) if alike else "",
        notes=(*_of_left_out(len(left_out)), *([] if alike else _of_others(kept, variant))),
    )


def _held(text: str) -> str:
    return held_in_words(source for source in SEEDED if source in {part.partition("=")[0] for part in text.split()})


def _of_left_out(count: int) -> Iterable[str]:
    if count:
        yield (
            f"{count} row{'s' * (count != 1)} with {_COLUMN} left out: they vary one source of randomness of a seed "
            "that is there, and are no further seeds"
        )


def _of_others(rows: Sequence[Mapping[str, str]], variant: str) -> Iterable[str]:
    if rows:
        found = [*dict.fromkeys(f"{cells.get(variant, '')} {cells[_COLUMN]}" for cells in rows)]
        named = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
        yield f"{_COLUMN} differ ({named}): a seed is not the same in all rows, and pairs are no equals"
