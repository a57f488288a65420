"""The events of a work unit, as a worker emits them and as they travel to the parent process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.components.shapes import UnknownFieldError, as_cells, as_text, as_whole
from dlbench.trials.trial_record import Metrics, TrialRecord


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """A worker has started a trial.

    trial_id: identity of the trial.
    """

    trial_id: str


@dataclass(frozen=True, kw_only=True)
class EpochFinished:
    """A trial has finished an epoch.

    trial_id: identity of the trial.
    epoch: number of the epoch, from 1.
    metrics: the row of epochs.csv.
    """

    trial_id: str
    epoch: int
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class TrialNoted:
    """A message about a trial that is not part of its record.

    trial_id: identity of the trial.
    text: the message, which follows the trial's name on the screen.
    of_variant: whether it holds for all trials of the variant, and is shown once.
    of_plan: whether it is a sentence about all trials of the plan, shown once and without the trial's name.
    """

    trial_id: str
    text: str
    of_variant: bool = False
    of_plan: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialFinished:
    """A trial has ended, whatever its status.

    record: status and numbers of the trial.
    """

    record: TrialRecord


Event = TrialStarted | EpochFinished | TrialNoted | TrialFinished
Emit = Callable[[Event], None]


def event_to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON content."""
    match event:
        case TrialStarted():
            return {"kind": "started", "trial_id": event.trial_id}
        case EpochFinished():
            return {"kind": "epoch", "trial_id": event.trial_id, "epoch": event.epoch, "metrics": dict(event.metrics)}
        case TrialNoted():
            content = {"kind": "note", "trial_id": event.trial_id, "text": event.text}
            return content | {name: True for name in ("of_variant", "of_plan") if getattr(event, name)}
        case TrialFinished():
            return {"kind": "trial", "record": event.record.to_json()}


def event_from_json(content: Mapping[str, Any]) -> Event:
    """Read an event back from JSON content; raises KeyError or ValueError for what is none."""
    kind = as_text(content["kind"], "kind")
    if kind == "trial":
        return TrialFinished(record=TrialRecord.from_json(content["record"]))
    trial_id = as_text(content["trial_id"], "trial_id")
    match kind:
        case "started":
            return TrialStarted(trial_id=trial_id)
        case "epoch":
            epoch, metrics = as_whole(content["epoch"], "epoch", least=0), as_cells(content["metrics"], "metrics")
            return EpochFinished(trial_id=trial_id, epoch=epoch, metrics=metrics)
        case "note":
            reach = {name: bool(content.get(name)) for name in ("of_variant", "of_plan")}
            return TrialNoted(trial_id=trial_id, text=as_text(content["text"], "text"), **reach)
    raise UnknownFieldError([f"the kind {kind!r}"])


def event_trial_id(event: Event) -> str:
    """Return which trial an event is about."""
    return event.record.trial_id if isinstance(event, TrialFinished) else event.trial_id
