"""Diagnostics of a trial: which ones measure it, at which epochs, and the values they returned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dlbench.components.metrics import Value
from dlbench.components.shapes import (
    ShapeError,
    as_list,
    as_number,
    as_table,
    as_text,
    as_texts,
    as_whole,
)
from dlbench.errors import DlbenchError

FIRST, LAST, EVERY = "first", "last", "every:"
DEFAULT_AT = (FIRST, LAST)
#: Decimals of a shown value; a number in double precision has no more.
_MOST_DIGITS = 17


class Reading(NamedTuple):
    """One value of a diagnostic, a row of diagnostics.csv.

    epoch: number of the epoch, from 1.
    layer: name of the layer, "" for the whole model.
    diagnostic: name of the value.
    value: the value.
    """

    epoch: int
    layer: str
    diagnostic: str
    value: float

    @classmethod
    def from_json(cls, content: object) -> "Reading":
        """Read a value back from JSON content."""
        parts = as_list(content, "a value of a diagnostic")
        if len(parts) != len(cls._fields):
            raise ShapeError("a value of a diagnostic", f"a list of {', '.join(cls._fields)}", content)
        epoch, layer, diagnostic, value = parts
        return cls(
            as_whole(epoch, "the epoch of a diagnostic", least=0),
            as_text(layer, "the layer of a diagnostic"),
            as_text(diagnostic, "the name of a diagnostic"),
            as_number(value, f"the value of {diagnostic}"),
        )


@dataclass(frozen=True, kw_only=True)
class DiagnosticsPlan:
    """Which diagnostics measure a trial, and at the end of which epochs.

    diagnostics: in the component syntax, qualified.
    at: "first", "last", "every:N" and numbers of epochs, from 1.
    values: names of the values they return, each a metric.
    declared: how the values read and which way is better; None in the plans of runs from before such declarations.
    """

    diagnostics: tuple[str, ...] = ()
    at: tuple[str, ...] = DEFAULT_AT
    values: tuple[str, ...] = ()
    declared: tuple[Value, ...] | None = ()

    def __bool__(self) -> bool:
        return bool(self.diagnostics)

    def due(self, epoch: int, *, last: bool) -> bool:
        """Return whether an epoch is measured. last: whether it is the last one of the trial."""
        return any(_is_due(text, epoch, last) for text in self.at)

    def epochs(self, epochs_run: int) -> frozenset[int]:
        """Return which epochs of a finished trial are measured."""
        return frozenset(epoch for epoch in range(1, epochs_run + 1) if self.due(epoch, last=epoch == epochs_run))

    def joined(self, other: "DiagnosticsPlan") -> "DiagnosticsPlan":
        """Return the plan that measures everything that either plan measures."""
        if not self or not other:
            return self or other
        return DiagnosticsPlan(
            diagnostics=_union(self.diagnostics, other.diagnostics),
            at=_union(self.at, other.at),
            values=_union(self.values, other.values),
            declared=_joined_declarations(self, other),
        )

    def missing_from(self, tried: Mapping[str, Iterable[int]], epochs_run: int) -> bool:
        """Return whether a planned measurement was not tried yet.

        tried: epochs at which each diagnostic was tried.
        """
        planned = self.epochs(epochs_run)
        return any(not planned <= set(tried.get(diagnostic, ())) for diagnostic in self.diagnostics)

    @property
    def measured(self) -> dict[str, list[Any]]:
        """Return what is measured, however the values are declared; checkpoints are saved and resumed under it."""
        return {"diagnostics": list(self.diagnostics), "at": list(self.at), "values": list(self.values)}

    def to_json(self) -> dict[str, list[Any]]:
        """Return the plan as JSON content."""
        return self.measured | (
            {} if self.declared is None else {"declared": [value.to_json() for value in self.declared]}
        )

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> "DiagnosticsPlan":
        """Read a plan back from JSON content; None and {} mean no diagnostics."""
        if not content:
            return cls()
        declared = content.get("declared")
        texts = {key: as_texts(found, key) for key, found in content.items() if key != "declared"}
        if wrong := [text for text in texts.get("at", ()) if read_time(text) is None]:
            raise ShapeError("at", "first, last, every:N or an epoch", wrong[0])
        values = None if declared is None else tuple(map(_declared, as_list(declared, "declared")))
        return cls(**texts, declared=values)


NO_DIAGNOSTICS = DiagnosticsPlan()


def _declared(content: object) -> Value:
    """Read what a diagnostic declares of a value back from JSON content."""
    about = dict(as_table(content, "declared"))
    for name in ("name", "title", "unit", "meaning"):
        as_text(about.get(name, ""), name)
    if not isinstance(about.get("share", False), bool):
        raise ShapeError("share", "true or false", about["share"])
    if about.get("digits") is not None and as_whole(about["digits"], "digits", least=0) > _MOST_DIGITS:
        raise ShapeError("digits", f"at most {_MOST_DIGITS}", about["digits"])
    return Value(**about)


def read_time(text: str) -> str | None:
    """Return a time in canonical form, or None if the text names no time. Raises DlbenchError for an invalid epoch."""
    if text in (FIRST, LAST):
        return text
    number = text.removeprefix(EVERY)
    if text.startswith(EVERY) and not number.isdecimal():
        raise DlbenchError(f"Invalid interval of epochs {text!r}.", "Write every:5 for each fifth epoch.")
    if not number.isdecimal():
        return None
    if not int(number):
        raise DlbenchError(f"Invalid epoch {text!r}: epochs count from 1.", "Write first for the first epoch.")
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
