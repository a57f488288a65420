"""Confirming a run: the same comparison once more, on seeds that none of its trials has used."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlbench.analysis.criteria import asked_criteria
from dlbench.components.shapes import ShapeError, as_table, as_text, as_wholes
from dlbench.errors import DlbenchError
from dlbench.plans.history import History, find_question, in_words
from dlbench.plans.plan import Plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.plans.recorded_plan import check_plugins, recorded_plan
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import as_argument, is_run
from dlbench.sessions.repeated import begun_run, used_plugins
from dlbench.statistics.seeds import LARGEST_SEED, other_seeds
from dlbench.trials.trial_record import COMPLETED

_ENDING = "-confirm"
#: What the manifest's entry of a confirming session calls the run that it confirms.
FACT = "confirms"


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A run that is to be confirmed, and how.

    first: the comparison to confirm, as it was judged.
    path: the folder of the confirmation.
    plan: what runs there; None where everything has run already.
    facts: what its manifest records about the first run.
    before: the folder of the confirmation as it was found; None where there is none yet.
    """

    first: PlanRecord
    path: Path
    plan: Plan | None
    facts: Mapping[str, Any]
    before: RunFolder | None = None


def plan_confirmation(folder: RunFolder, seeds: int | None, registry: Registry) -> Confirmation:
    """Return how to confirm a run's comparison: once, on as many fresh seeds as it has, or on another number.

    Raises DlbenchError for a run that cannot be confirmed.
    """
    _check_run(folder)
    path = _place(folder)
    if there := begun_run(path):
        return _existing(folder, there, seeds, registry)
    check_plugins(used_plugins(folder.manifest), registry)
    first = folder.plan
    fresh = _fresh_seeds(folder, len(first.seeds) if seeds is None else seeds)
    return Confirmation(
        first=first,
        path=path,
        plan=_on_seeds(recorded_plan(first, (r.trial for r in folder.records), registry), fresh),
        facts={FACT: {"run": folder.path.name, "seeds": list(first.seeds)}},
    )


def _check_run(folder: RunFolder) -> None:
    name = folder.path.name
    if confirms(folder):
        raise DlbenchError(
            f"{name} is a confirmation itself, and a comparison is confirmed once.",
            "Report it as it is: a second confirmation would choose between two answers.",
        )
    if folder.plan.spread and len(folder.plan.variants) < 2:
        raise DlbenchError(
            f"{name} shows where a spread comes from, and has no difference to confirm.",
            "Repeat its command with more --backgrounds, which narrow the intervals.",
        )
    if len(folder.plan.variants) < 2:
        raise DlbenchError(f"{name} has one variant, so there is no difference to confirm.", "Compare two or more.")
    if folder.plan.tuning and folder.plan.tuning.judges_procedure:
        raise DlbenchError(
            f"{name} judges a procedure, with a search for each of its seeds.",
            "Repeat its command with more --studies, which adds searches on seeds never used.",
        )
    if missing := _missing(folder):
        raise DlbenchError(
            f"{name} is not finished: {missing} of {folder.plan.trial_count} trials are missing.",
            "Run its command again first: what is confirmed has to stand before.",
        )


def _missing(folder: RunFolder) -> int:
    """Return how many trials have not run."""
    return folder.plan.trial_count - len(folder.planned)


def unanswered(folder: RunFolder) -> int:
    """Return how many trials have no result: they have not run, or failed, and run again."""
    return folder.plan.trial_count - sum(record.status in COMPLETED for record in folder.planned)


def confirms(folder: RunFolder) -> Mapping[str, Any]:
    """Return what a folder's manifest says about the run that it confirms; {} if it confirms none."""
    for session in folder.manifest.sessions if folder.manifest else ():
        try:
            facts = as_table(session.get(FACT), FACT)
            return {"run": as_text(facts.get("run"), "run"), "seeds": list(as_wholes(facts.get("seeds"), "seeds"))}
        except ShapeError:  # it confirms none
            continue
    return {}


def _existing(folder: RunFolder, there: RunFolder, seeds: int | None, registry: Registry) -> Confirmation:
    """Return the confirmation that was begun before: it goes on with its own seeds."""
    facts = confirms(there)
    if not facts:
        raise DlbenchError(
            f"{there.path} exists, and is no confirmation of {folder.path.name}.",
            "Move it away, or give it another name.",
        )
    if seeds not in (None, len(there.plan.seeds)):
        raise DlbenchError(
            f"{folder.path.name} was already confirmed with {len(there.plan.seeds)} seeds, and a comparison is "
            "confirmed once.",
            f"Type `dlbench confirm {as_argument(folder.path)}` to see it.",
        )
    first = _confirmed(folder, there)
    if first is None:
        raise DlbenchError(
            f"{there.path.name} confirms another comparison: {in_words(there.plan)}.",
            f"Type `dlbench results show {as_argument(there.path)}` to see it.",
        )
    return Confirmation(
        first=replace(first, seeds=tuple(facts["seeds"])),
        path=there.path,
        plan=_rest(folder, there, registry) if unanswered(there) else None,
        facts={FACT: dict(facts)},
        before=there,
    )


def _place(folder: RunFolder) -> Path:
    """Return where a comparison is confirmed: in RUN-confirm or, if that confirms another one, RUN-confirm-NUMBER."""
    usual, *numbered = _places(folder)
    if not is_run(usual) or not confirms(there := RunFolder(usual)) or _confirmed(folder, there):
        return usual
    return numbered[find_question(folder.plan, _history(folder)) or 0]


def _places(folder: RunFolder) -> list[Path]:
    """Return the folders in which a run's comparisons may be confirmed."""
    place = folder.path if folder.path.name not in ("", "..") else folder.path.resolve()
    numbers = range(1, len(_history(folder)) + 1)
    return [place.with_name(f"{place.name}{_ENDING}{more}") for more in ("", *(f"-{number}" for number in numbers))]


def _history(folder: RunFolder) -> History:
    return folder.manifest.history if folder.manifest else ()


def _confirmed(folder: RunFolder, there: RunFolder) -> PlanRecord | None:
    """Return the comparison of a run as a confirmation confirms it; None where that is of another one.

    More seeds, and looks on the way to them, do not make another one.
    """
    if _compared(there.plan) != _compared(folder.plan):
        return None
    seeds = tuple(confirms(there)["seeds"])
    known = (asked.plan for asked in _history(folder) if _compared(asked.plan) == _compared(there.plan))
    return next((plan for plan in known if plan.seeds == seeds), folder.plan)


def _compared(plan: PlanRecord) -> tuple[object, ...]:
    """Return what is compared, by which criteria."""
    criteria = replace(asked_criteria({}, plan), interim_analyses=(), spending="even")
    return (tuple(variant.variant_id for variant in plan.variants), criteria)


def _rest(folder: RunFolder, there: RunFolder, registry: Registry) -> Plan:
    """Return the plan of a confirmation that was interrupted."""
    check_plugins(used_plugins(folder.manifest), registry)
    return recorded_plan(there.plan, (record.trial for record in (*folder.records, *there.records)), registry)


def _fresh_seeds(folder: RunFolder, count: int) -> tuple[int, ...]:
    """Return seeds after the largest one that any trial of a run or its confirmations has, or a comparison names."""
    folders = [folder, *(RunFolder(path) for path in _places(folder) if is_run(path))]
    used = [record.trial.seed for each in folders for record in each.records]
    plans = [asked.plan for each in folders for asked in _history(each)]
    used += [seed for plan in plans for seed in (*plan.seeds, *plan.noise_floor)]
    start = max(used) + 1
    if start + count > LARGEST_SEED:
        raise DlbenchError(
            f"There are no {count} seeds after {max(used)}, the largest that {folder.path.name} has used.",
            "Compare again on smaller seeds.",
        )
    return tuple(range(start, start + count))


def _on_seeds(plan: Plan, seeds: tuple[int, ...]) -> Plan:
    """Return a plan's comparison on other seeds, all of which run: nothing is decided on the way."""
    judging = plan.judging and replace(plan.judging, interim_analyses=(), spending="even", least_chance=0.0)
    floor = other_seeds(seeds) if plan.noise_floor else ()
    return replace(plan, seeds=seeds, noise_floor=floor, finished={}, judging=judging, spread=None)
