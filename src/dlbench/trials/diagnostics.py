"""What is measured of a training beside its results: which diagnostics, at which epochs, and what they gave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dlbench.components.metrics import Value
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
    values: the names of what they give, each a metric. declared: how these read and which way is better; None in the
    plans of runs that are older than such declarations.
    """

    diagnostics: tuple[str, ...] = ()
    at: tuple[str, ...] = DEFAULT_AT
    values: tuple[str, ...] = ()
    declared: tuple[Value, ...] | None = ()

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
            declared=_joined_declarations(self, other),
        )

    def lacks(self, watched: Mapping[str, Iterable[int]], epochs_run: int) -> bool:
        """Tell whether something was not tried yet. watched: the epochs at which each diagnostic was."""
        wanted = self.epochs(epochs_run)
        return any(not wanted <= set(watched.get(diagnostic, ())) for diagnostic in self.diagnostics)

    def to_json(self) -> dict[str, list[Any]]:
        """Return it as JSON content."""
        content = {"diagnostics": list(self.diagnostics), "at": list(self.at), "values": list(self.values)}
        return content | ({} if self.declared is None else {"declared": [value.to_json() for value in self.declared]})

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> "DiagnosticsPlan":
        """Read it back from JSON content; None and {} mean no diagnostics."""
        if not content:
            return cls()
        declared = content.get("declared")
        texts = {key: tuple(found) for key, found in content.items() if key != "declared"}
        return cls(**texts, declared=None if declared is None else tuple(Value(**value) for value in declared))


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


def _joined_declarations(first: DiagnosticsPlan, second: DiagnosticsPlan) -> tuple[Value, ...] | None:
    if first.declared is None or second.declared is None:
        return None
    return tuple({value.name: value for value in (*second.declared, *first.declared)}.values())


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))
