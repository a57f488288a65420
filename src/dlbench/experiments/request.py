"""From an experiment to the comparison that it asks for, its names checked against what is installed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.metric_table import METRICS
from dlbench.components.spelling import resolve
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Experiment
from dlbench.experiments.relations import check_relation
from dlbench.experiments.toml import Place
from dlbench.plans.build import build
from dlbench.plans.criteria import MARGIN_IN_FILES, METRIC
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plans.naming import find_variant
from dlbench.plans.plan import Plan, Request
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.statistics.seeds import TESTS, check_reachable
from dlbench.trials.axes import DEFAULTS
from dlbench.trials.settings import SETTINGS


def to_request(experiment: Experiment, overrides: Request | None = None) -> Request:
    """Return an experiment as the comparison to run. Overrides replace settings, axes and variants alike.

    Every setting is named, so that no dlbench.toml changes an experiment; only those of the machine stay open.
    """
    given = overrides or Request()
    values: dict[str, Sequence[str]] = {name: (text,) for name, text in DEFAULTS.items() if not is_of_machine(name)}
    values |= {name: (text,) for name, text in experiment.settings.items()}
    values |= {**experiment.axes, **given.values}
    variants = [
        {name: text for name, text in variant.items() if name not in given.values} for variant in experiment.variants
    ]
    return replace(
        given,
        values=values,
        variants=variants,
        seeds=experiment.seeds if given.seeds is None else given.seeds,
        judging=_judging(experiment.criteria, given.judging),
        noise_floor=experiment.noise_floor or given.noise_floor,
        own_validation=experiment.own_validation and "validation" not in given.values,
        diagnostics=(*experiment.diagnostics, *given.diagnostics),
        hold=given.hold or experiment.hold,
        tune=given.tune or experiment.tune,
        spread=given.spread or experiment.spread,
        prefer=experiment.plugin or experiment.report,
        experiment=experiment.name,
    )


def _judging(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the criteria of an experiment and those that replace them; a margin belongs to its metric."""
    asked = {MARGIN_IN_FILES if name == "margin" else name: value for name, value in own.items()}
    if "margin" in given or judged_metric({**own, **given}) != judged_metric(own):
        asked.pop(MARGIN_IN_FILES, None)
    return {**asked, **given}


def judged_metric(criteria: Mapping[str, Any]) -> str:
    """Return the metric of criteria by its own name, however it is spelled; the usual one where they name none."""
    metric = str(criteria.get("metric") or METRIC)
    return resolve(metric, METRICS) or metric


def check(experiment: Experiment, registry: Registry) -> Plan:
    """Return the plan of an experiment as its file has it.

    Raises DlbenchError, with file and line, for unknown components, for reported figures and claims that name neither a
    variant nor a value of an axis, and for claims of an alpha at which nothing can be shown.
    """
    request = to_request(experiment)
    with _at(experiment, Place(key="diagnostics")):
        read_diagnostics(experiment.diagnostics, registry, request.prefer)
    _check_components(experiment, registry, request.prefer)
    try:
        plan = build(request, registry)
    except DlbenchError as error:
        raise DlbenchError(f"{experiment.path}: {error.message}", error.hint) from None
    named = nameable(plan)
    for index, reported in enumerate(experiment.reported):
        with _at(experiment, Place("reported", index, "variant")):
            find_variant(reported.variant, named)
    for index, claim in enumerate(experiment.claims):
        with _at(experiment, Place("claims", index, "relation")):
            check_relation(claim.relation, named)
        with _at(experiment, Place("claims", index, "alpha")):
            check_reachable(claim.alpha, request.judging.get("test", TESTS[0]))
    return plan


def nameable(plan: Plan) -> PlanRecord:
    """Return a plan's record with what cannot run here too: a claim may well name that."""
    vetoed = (veto.variant.record for veto in plan.vetoes)
    return replace(plan.record, variants=(*plan.record.variants, *vetoed))


@contextmanager
def _at(experiment: Experiment, place: Place) -> Iterator[None]:
    """Add the file and the line to a DlbenchError."""
    try:
        yield
    except DlbenchError as error:
        raise experiment.file.error(place, error.message, error.hint) from None


def _check_components(experiment: Experiment, registry: Registry, prefer: str) -> None:
    tables = [("settings", 0, experiment.settings), ("axes", 0, experiment.axes)]
    tables += [("variants", index, variant) for index, variant in enumerate(experiment.variants)]
    for table, index, assignments in tables:
        for name, given in assignments.items():
            for text in (given,) if isinstance(given, str) else given:
                if name in AXES and text and not AXES[name].word(text):
                    with _at(experiment, Place(table, index, name)):
                        registry.select(AXES[name].kind, parse_reference(text), prefer)


def is_of_machine(name: str) -> bool:
    """Return whether a setting depends on the machine rather than on the experiment."""
    return name in SETTINGS and SETTINGS[name].machine
