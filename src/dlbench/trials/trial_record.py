"""The record of a trial: its status and its numbers, one line of the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from dlbench.components.records import ParameterValue
from dlbench.components.shapes import (
    ShapeError,
    UnknownFieldError,
    as_cells,
    as_list,
    as_matrix,
    as_numbers,
    as_rows,
    as_table,
    as_text,
    as_texts,
    as_wholes,
    check_known,
)
from dlbench.trials.diagnostics import Reading
from dlbench.trials.identity import shallow_fields
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.trial import Trial

Status = Literal["done", "diverged", "failed", "vetoed", "timeout", "oom"]
STATUSES: frozenset[str] = frozenset(get_args(Status))
#: Statuses that count as an answer; trials with other statuses are run again.
COMPLETED: frozenset[str] = frozenset({"done", "diverged"})
Metrics = Mapping[str, float | int | None]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """The status and the numbers of one trial. Accuracies are fractions; seconds count training alone.

    trial: what was run.
    status: how it ended.
    message: why it ended this way, in a sentence; "" if it is done.
    metrics: its metrics, columns of trials.csv.
    cost: its cost, columns of trials.csv.
    epochs: the rows of epochs.csv.
    confusion: counts on the test set, a row for each true class.
    class_names: names of the classes, in the order of the rows of `confusion`.
    log: what the trial printed, and its traceback.
    provenance_id: versions and hardware of the process that trained it; the manifest has the details.
    host: the machine that trained it, if not the one of its session.
    steps: training loss of each step, if requested.
    diagnostics: the rows of diagnostics.csv.
    watched: epochs at which each diagnostic was tried, whether or not it returned a value.
    outcomes: which test images the selected weights classified correctly; None if the trial is not done, and in
        records from before outcomes were stored.
    """

    trial: Trial
    status: Status
    message: str = ""
    metrics: Metrics = field(default_factory=dict)
    cost: Metrics = field(default_factory=dict)
    epochs: tuple[Metrics, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    class_names: tuple[str, ...] = ()
    log: str = ""
    provenance_id: str = ""
    steps: tuple[float, ...] = ()
    diagnostics: tuple[Reading, ...] = ()
    watched: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    outcomes: ImageOutcomes | None = None
    host: str = ""

    @property
    def trial_id(self) -> str:
        """Return the trial's identity."""
        return self.trial.trial_id

    def row(self) -> dict[str, ParameterValue]:
        """Return the record as a row of trials.csv."""
        head: dict[str, ParameterValue] = {
            "trial_id": self.trial_id,
            "provenance_id": self.provenance_id,
            "role": self.trial.role,
            "status": self.status,
            "message": self.message,
        }
        return head | self.trial.row() | dict(self.metrics) | dict(self.cost)

    def with_provenance(self, provenance_id: str) -> "TrialRecord":
        """Return the record with another provenance_id."""
        return replace(self, provenance_id=provenance_id)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON content, with its trial_id for readers of the journal."""
        content = {"trial_id": self.trial_id} | shallow_fields(self) | {"trial": self.trial.to_json()}
        # Omitted if absent: such a record is written as before there were any.
        outcomes, host = content.pop("outcomes"), content.pop("host")
        content |= {"outcomes": outcomes.to_json()} if outcomes else {}
        return content | {"host": host} if host else content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "TrialRecord":
        """Read a record back from JSON content."""
        known = as_table(content, "record")
        check_known(known, _KEYS)
        status = as_text(known.get("status"), "status")
        if status not in STATUSES:
            raise UnknownFieldError([f"the status {status!r}"])
        outcomes = known.get("outcomes")
        names, confusion = _confusion(known)
        return cls(
            trial=Trial.from_json(as_table(known.get("trial"), "trial")),
            status=status,  # type: ignore[arg-type]  # checked above
            **{name: as_text(known.get(name, ""), name) for name in ("message", "log", "provenance_id", "host")},
            metrics=as_cells(known.get("metrics", {}), "metrics"),
            cost=as_cells(known.get("cost", {}), "cost"),
            epochs=as_rows(known.get("epochs", []), "epochs"),
            confusion=confusion,
            class_names=names,
            steps=as_numbers(known.get("steps", []), "steps"),
            diagnostics=tuple(map(Reading.from_json, as_list(known.get("diagnostics", []), "diagnostics"))),
            watched={
                name: as_wholes(epochs, f"epochs of {name}", least=0)
                for name, epochs in as_table(known.get("watched", {}), "watched").items()
            },
            outcomes=None if outcomes is None else ImageOutcomes.from_json(outcomes),
        )


#: The keys of a record in JSON; a journal's line has more, for its readers (see `dlbench.runs.journal`).
_KEYS = frozenset({*TrialRecord.__dataclass_fields__, "trial_id", "format", "checksum"})


def _confusion(content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Return class names and confusion matrix, which has a row and a column for each name."""
    names = as_texts(content.get("class_names", []), "class_names")
    counts = as_matrix(content.get("confusion", []), "confusion")
    size = len(names) or len(counts)
    if size and {size} != {len(counts), *map(len, counts)}:
        raise ShapeError("confusion", f"a table of {size} × {size} counts", counts)
    return names, counts
