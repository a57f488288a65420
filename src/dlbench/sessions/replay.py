"""Replaying a run: what its manifest holds, once more, on this machine and in a folder of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlbench.analysis.spread import with_varied
from dlbench.components.shapes import ShapeError, as_table, as_text
from dlbench.errors import DlbenchError
from dlbench.experiments.request import to_request
from dlbench.files import at_home
from dlbench.plans.build import build
from dlbench.plans.plan import Plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.plans.recorded_plan import check_plugins, recorded_plan
from dlbench.plans.variants import VARIANT
from dlbench.plugins.registry import Registry
from dlbench.runs.experiment_runs import experiment_of
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import is_run, new_run_path, run_path
from dlbench.runs.manifest import FILE_NAME, Manifest, read_manifest_file
from dlbench.sessions.repeated import begun_run, used_plugins
from dlbench.trials.identity import digest
from dlbench.trials.trial_record import TrialRecord

_ENDING = "-replay"
#: What the manifest's entry of a replaying session calls the run that it replays.
_FACT = "replays"


@dataclass(frozen=True, kw_only=True)
class Original:
    """A run that is to be replayed.

    path: the folder that its manifest lies in.
    manifest: its manifest.
    plan: the comparison that is replayed.
    records: of its comparison's trials; () where the manifest lies alone.
    """

    path: Path
    manifest: Manifest
    plan: PlanRecord
    records: tuple[TrialRecord, ...] = ()

    @property
    def identity(self) -> str:
        """Return a digest of what is compared, on which seeds and by which criteria."""
        plan = self.plan
        variants = [[variant.label, variant.variant_id] for variant in plan.variants]
        return digest([variants, list(plan.seeds), list(plan.noise_floor), plan.criteria.to_json()])


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How a run is replayed: in which folder, what runs there, and what the manifest there records about it."""

    path: Path
    plan: Plan
    facts: Mapping[str, Any]


def open_original(argument: str, root: Path, comparison: int | None = None) -> Original:
    """Return the run that an argument means: a manifest file, a run folder, or the name of a run below root.

    comparison: the number of one of its comparisons; None for the one that was asked last.
    """
    path = at_home(argument)
    if not path.is_file():
        path = run_path(argument, root) / FILE_NAME
    manifest = read_manifest_file(path)
    if manifest is None:
        raise DlbenchError(
            f"{path.parent} has no manifest, so nobody knows what was compared.",
            f"Type `dlbench results doctor {path.parent}`, which makes one from the trials.",
        )
    beside = path.name == FILE_NAME and is_run(path.parent)
    plan = manifest.plan if comparison is None else manifest.comparison(comparison, path.parent)
    records = with_varied(RunFolder(path.parent).records, plan) if beside else ()
    return Original(path=path.parent, manifest=manifest, plan=plan, records=records)


def plan_replay(original: Original, name: str, root: Path, registry: Registry, *, fresh: bool = False) -> Replay:
    """Return how to replay a run.

    name: of the new run; "" for that of the original, with an ending where it stands in the same place.
    fresh: whether what is in the folder will be set aside.
    Raises DlbenchError for a plugin that is missing, and for a folder that holds something else.
    """
    plugins = used_plugins(original.manifest)
    check_plugins(plugins, registry)
    path = new_run_path(name or original.manifest.name, root)
    if path.resolve() == original.path.resolve():
        if name:
            raise DlbenchError(f"{path} is the run to replay itself.", "Choose another --name.")
        path = new_run_path(original.manifest.name + _ENDING, root)
    facts = {_FACT: {"run": original.manifest.name, "plan": original.identity}}
    if not fresh and (there := begun_run(path)):
        _check_replay(there, original)
    plan = recorded_plan(
        _assigned(original, registry), (record.trial for record in original.records), registry, tuple(plugins)
    )
    return Replay(path=path, plan=plan, facts=facts)


def _assigned(original: Original, registry: Registry) -> PlanRecord:
    """Return the plan with what its variants set themselves; that of an older manifest is in its experiment."""
    plan = original.plan
    lacking = VARIANT in plan.axes and not any(variant.assigned for variant in plan.variants)
    if original.records or not plan.experiment or not lacking:
        return plan
    try:
        experiment = experiment_of(original.path, plan.experiment, registry)
        own = build(to_request(experiment), registry).fixed
    except DlbenchError:  # then the variants without trials are named
        return plan
    overridden = {name for name, text in plan.fixed.items() if own.get(name) != text}
    chosen = {
        given["label"]: {name: text for name, text in given.items() if name not in ("label", *overridden)}
        for given in experiment.variants
    }
    known = (
        replace(variant, assigned=variant.assigned or chosen.get(variant.values.get(VARIANT, ""), {}))
        for variant in plan.variants
    )
    return replace(plan, variants=tuple(known))


def _check_replay(there: RunFolder, original: Original) -> None:
    """Raise DlbenchError for a folder that holds something else than a replay of the run."""
    sessions = there.manifest.sessions if there.manifest else ()
    if not sessions or any(_replayed(session) != original.identity for session in sessions):
        raise DlbenchError(
            f"{there.path} exists, and is no replay of this comparison: the two could not be told apart.",
            "Choose another --name, or another --results-dir.",
        )


def _replayed(session: Mapping[str, Any]) -> str:
    """Return the identity of what a session replays, "" if it replays nothing."""
    try:
        return as_text(as_table(session.get(_FACT), _FACT).get("plan"), "plan")
    except ShapeError:
        return ""
