"""How far a run is, as a record."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dlbench.analysis.diagnostics import declared_in
from dlbench.analysis.places import short_name, words
from dlbench.analysis.so_far import Ended, EndedTrial, VariantSoFar, allowed_part, so_far
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.journal_tail import Position
from dlbench.runs.manifest import Manifest
from dlbench.runs.peers import Peer
from dlbench.runs.running_trials import RunningTrial
from dlbench.trials.trial_record import COMPLETED

#: Failed trials whose messages are shown.
_MOST_FAILURES = 8
#: Trials after which the time that is left can be told.
_ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """How far a run is.

    active: whether a session works on it now.
    planned: the trials of the comparison, up to its current look if it has looks, and those that vary a source.
    looks: the number of seeds at each look, () for a comparison that does not grow.
    seeds: the number of seeds up to the current look.
    done, failed: how many trials have ended with a result, and without one.
    searched, to_search: tuning trials that have ended, and all of them.
    running: what is trained now.
    compared: what varies, and on what.
    left_seconds: about how long the planned trials still take; None where nothing is known.
    metric: by which the comparison is judged; None where its plan is not known.
    variants: the numbers so far, in the order of the plan.
    failures: how the last trials without a result ended.
    judged: the part of the plan whose verdicts may be seen; None where none may.
    complete: whether that is all of it.
    left_out: what damage to the journals leaves out, a sentence each.
    problem: why the folder cannot be read, or "".
    """

    name: str
    active: bool = False
    planned: int = 0
    looks: tuple[int, ...] = ()
    seeds: int = 0
    done: int = 0
    failed: int = 0
    searched: int = 0
    to_search: int = 0
    running: tuple[RunningTrial, ...] = ()
    left_seconds: float | None = None
    started: str = ""
    dataset: str = ""
    compared: str = ""
    metric: Metric | None = None
    variants: tuple[VariantSoFar, ...] = ()
    failures: tuple[str, ...] = ()
    judged: PlanRecord | None = None
    complete: bool = False
    left_out: tuple[str, ...] = ()
    problem: str = ""


def run_progress(
    name: str,
    manifest: Manifest,
    ended: Ended,
    varied: Mapping[tuple[str, int], str],
    running: Sequence[RunningTrial],
    peers: Sequence[Peer],
) -> RunProgress:
    """Return how far a run is.

    ended: the trials of its journals.
    varied: the labels of those that vary a source of randomness.
    peers: the sessions that work on it.
    """
    plan = manifest.plan
    labels = {**plan.labels, **varied}
    own = {key: ended[key] for key in labels if key in ended}
    metric = find_metric(plan.criteria.metric, declared_in(plan))
    done = sum(trial.status in COMPLETED for trial in own.values())
    counted = final_trials(ended, peers)
    judged = allowed_part(plan, counted) if sum(key in counted for key in varied) >= plan.varied_count else None
    planned = plan.trial_count + plan.varied_count
    search = plan.tuning.trials if plan.tuning else frozenset()
    searched = search & counted.keys()
    searching = len(search - searched) if plan.tuning and not plan.tuning.is_chosen else 0
    left = planned - sum(key in counted for key in own) + searching
    trained = [ended[key].position for key in (*own, *(search & ended.keys()))]
    return RunProgress(
        name=name,
        active=bool(peers),
        planned=planned,
        looks=plan.criteria.interim_analyses if plan.criteria.spending != "even" else (),
        seeds=len(plan.seeds),
        done=done,
        failed=len(own) - done,
        searched=len(searched),
        to_search=len(search),
        running=tuple(running),
        left_seconds=_left(manifest, trained, left, peers),
        started=str(manifest.sessions[0].get("started", "")) if manifest.sessions else "",
        dataset=_dataset(plan),
        compared=_compared(plan),
        metric=metric,
        variants=so_far(plan, own, metric),
        failures=_failures(labels, own),
        judged=judged,
        complete=judged is plan,
    )


def final_trials(ended: Ended, peers: Collection[Peer]) -> dict[tuple[str, int], EndedTrial]:
    """Return the trials that do not run again: while a session is active, one that failed before it began does."""
    now = {f"{peer.session}.jsonl" for peer in peers}
    return {
        key: trial
        for key, trial in ended.items()
        if not now or trial.status in COMPLETED or trial.status == "vetoed" or trial.position[0] in now
    }


def _left(manifest: Manifest, ended: Iterable[Position], left: int, peers: Sequence[Peer]) -> float | None:
    """Return about how long the trials that are left take, at the pace of the sessions that work on the run.

    ended: where the records of its trials stand.
    """
    now = {peer.session for peer in peers}
    begins = [str(each.get("started", "")) for each in manifest.sessions if each.get("session") in now]
    count = sum(journal.removesuffix(".jsonl") in now for journal, _ in ended)
    if not begins or count < _ENOUGH or left <= 0:
        return None
    try:
        began = datetime.fromisoformat(min(begins))
        return (datetime.now(UTC) - began).total_seconds() / count * left
    except (ValueError, TypeError):  # a time without its zone, say
        return None


def _dataset(plan: PlanRecord) -> str:
    fixed = plan.fixed.get("dataset")
    return ", ".join(map(short_name, [fixed] if fixed else plan.axes.get("dataset", ())))


def _compared(plan: PlanRecord) -> str:
    varied = [f"{words(axis)} {', '.join(values)}" for axis, values in plan.axes.items()]
    fixed = [short_name(text) for axis in ("dataset", "model") if (text := plan.fixed.get(axis, ""))]
    place = f"on {' with '.join(fixed)}" if fixed else ""
    return ", ".join(filter(None, ("; ".join(varied), place)))


def _failures(labels: Mapping[tuple[str, int], str], own: Ended) -> tuple[str, ...]:
    lost = [(trial.position, key, trial) for key, trial in own.items() if trial.status not in COMPLETED]
    return tuple(
        f"{labels[key]} seed {key[1]}: {trial.status}" + (f", {trial.message}" if trial.message else "")
        for _, key, trial in sorted(lost)[-_MOST_FAILURES:]
    )
