"""The events of a work unit, as a worker emits them and as they travel to the parent process."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from dlbench.components.shapes import UnknownFieldError, as_cells, as_table, as_text, as_texts, as_whole
from dlbench.trials.trial_record import Metrics, TrialRecord

ArtifactKind = Literal["checkpoint", "weights"]


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """A worker has started a trial.

    trial_id: identity of the trial.
    provenance: of the process that trains it, if not as its session expects it.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    trial_id: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class EpochFinished:
    """A trial has finished an epoch.

    trial_id: identity of the trial.
    epoch: number of the epoch, from 1.
    metrics: the row of epochs.csv.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    trial_id: str
    epoch: int
    metrics: Metrics
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class TrialNoted:
    """A message about a trial that is not part of its record.

    trial_id: identity of the trial.
    text: the message, which follows the trial's name on the screen.
    of_variant: whether it holds for all trials of the variant, and is shown once.
    of_plan: whether it is a sentence about all trials of the plan, shown once and without the trial's name.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    trial_id: str
    text: str
    of_variant: bool = False
    of_plan: bool = False
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class TrialFinished:
    """A trial has ended, whatever its status.

    record: status and numbers of the trial.
    provenance: of the process that trained it, if not as its session expects it.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    record: TrialRecord
    provenance: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class UnitLost:
    """A unit has ended without the records of some trials, through no fault of theirs: its node died, say.

    The session takes these trials back and gives them out again, a few times.

    trial_ids: identities of the unit's trials; those with a record keep it.
    reason: what happened, continuing a sentence: "node n3 did not answer for 60 s".
    node: where; the next attempt asks to be run elsewhere. "" where the executor does not know, or it may run there.
    status: what a trial is recorded as if no attempt is left: "failed", or "oom" where it may have taken the memory.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    trial_ids: tuple[str, ...]
    reason: str
    node: str = ""
    status: Literal["failed", "oom"] = "failed"
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class ArtifactSaved:
    """A file of a trial on its way to the session, from a node that does not share the session's folders.

    trial_id: identity of the trial.
    artifact: which file.
    data: its content; b"" if it is to be removed.
    attempt: which attempt at its unit it belongs to, from 1; 0 for the current one.
    """

    trial_id: str
    artifact: ArtifactKind
    data: bytes
    attempt: int = 0


Event = TrialStarted | EpochFinished | TrialNoted | TrialFinished | UnitLost | ArtifactSaved
Emit = Callable[[Event], None]


def event_to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON content."""
    return _content(event) | ({"attempt": event.attempt} if event.attempt else {})


def _content(event: Event) -> dict[str, Any]:
    match event:
        case TrialStarted():
            return {"kind": "started", "trial_id": event.trial_id, **_known(event.provenance)}
        case EpochFinished():
            return {"kind": "epoch", "trial_id": event.trial_id, "epoch": event.epoch, "metrics": dict(event.metrics)}
        case TrialNoted():
            content = {"kind": "note", "trial_id": event.trial_id, "text": event.text}
            return content | {name: True for name in ("of_variant", "of_plan") if getattr(event, name)}
        case TrialFinished():
            return {"kind": "trial", "record": event.record.to_json(), **_known(event.provenance)}
        case UnitLost():
            lost = {"trial_ids": list(event.trial_ids), "reason": event.reason, "node": event.node}
            return {"kind": "lost", **lost} | ({} if event.status == "failed" else {"status": event.status})
        case ArtifactSaved():
            data = base64.b64encode(event.data).decode()
            return {"kind": "artifact", "trial_id": event.trial_id, "artifact": event.artifact, "data": data}


def _known(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {"provenance": dict(provenance)} if provenance else {}


def event_from_json(content: Mapping[str, Any]) -> Event:
    """Read an event back from JSON content; raises KeyError or ValueError for what is none."""
    kind, attempt = as_text(content["kind"], "kind"), as_whole(content.get("attempt", 0), "attempt", least=0)
    provenance = as_table(content.get("provenance", {}), "provenance")
    if kind == "trial":
        return TrialFinished(record=TrialRecord.from_json(content["record"]), provenance=provenance, attempt=attempt)
    if kind == "lost":
        said = {name: as_text(content[name], name) for name in ("reason", "node")}
        if (status := content.get("status", "failed")) not in ("failed", "oom"):
            raise UnknownFieldError([f"the status {status!r} of a lost unit"])
        trial_ids = as_texts(content["trial_ids"], "trial_ids")
        return UnitLost(trial_ids=trial_ids, status=status, attempt=attempt, **said)
    trial_id = as_text(content["trial_id"], "trial_id")
    match kind:
        case "started":
            return TrialStarted(trial_id=trial_id, provenance=provenance, attempt=attempt)
        case "epoch":
            epoch, metrics = as_whole(content["epoch"], "epoch", least=0), as_cells(content["metrics"], "metrics")
            return EpochFinished(trial_id=trial_id, epoch=epoch, metrics=metrics, attempt=attempt)
        case "note":
            reach = {name: bool(content.get(name)) for name in ("of_variant", "of_plan")}
            text = as_text(content["text"], "text")
            return TrialNoted(trial_id=trial_id, text=text, attempt=attempt, **reach)
        case "artifact" if (artifact := content["artifact"]) in get_args(ArtifactKind):
            data = base64.b64decode(as_text(content["data"], "data"), validate=True)
            return ArtifactSaved(trial_id=trial_id, artifact=artifact, data=data, attempt=attempt)
    raise UnknownFieldError([f"the kind {kind!r}"])


def event_trial_ids(event: Event) -> tuple[str, ...]:
    """Return which trials an event is about."""
    match event:
        case UnitLost():
            return event.trial_ids
        case TrialFinished():
            return (event.record.trial_id,)
    return (event.trial_id,)
