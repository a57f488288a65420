"""A request with every name in it as dlbench writes it, however the user spelled it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.metric_table import METRICS
from dlbench.components.records import Diagnostic
from dlbench.components.spelling import plain, resolve
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Request
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.trials.axes import axis_name
from dlbench.trials.settings import SETTINGS


def canonical(request: Request, registry: Registry) -> Request:
    """Return a request with canonical names of axes, components, parameters, choices, metric and baseline.

    What is written canonically is unchanged, and so is what nobody knows: planning explains it. Aliases are noted in
    the registry. Raises DlbenchError for an axis that is given twice, under two names.
    """
    values = {
        name: tuple(canonical_text(name, text, registry, request.prefer) for text in texts)
        for name, texts in _named(request.values).items()
    }
    variants = tuple(
        {name: canonical_text(name, text, registry, request.prefer) for name, text in _named(variant).items()}
        for variant in request.variants
    )
    texts = [text for given in (*values.values(), *(variant.values() for variant in variants)) for text in given]
    judging = _judging(request.judging, texts, registry, request.prefer)
    return replace(request, values=values, variants=variants, judging=judging)


def canonical_judging(judging: Mapping[str, Any], plan: PlanRecord, registry: Registry) -> dict[str, Any]:
    """Return the criteria that are asked of a plan with the names that it has: of its metric and of its baseline."""
    texts = [text for variant in plan.variants for text in (variant.label, *variant.values.values())]
    return _judging(judging, texts, registry, plan.experiment.partition("/")[0])


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, content in given.items():
        meant = name if name == "label" else axis_name(name)
        if meant in named:
            raise DlbenchError(f"{meant.replace('_', '-')} is given twice, once as {name!r}.", "Name it once.")
        named[meant] = content
    return named


def canonical_text(name: str, text: str, registry: Registry, prefer: str = "") -> str:
    """Return the text of an axis or a setting with canonical names."""
    if name in AXES:
        return AXES[name].word(text) or registry.canonical(AXES[name].kind, text, prefer)
    if name not in SETTINGS:
        return text
    return _noted(text, SETTINGS[name].parameter.choices, registry)


def _noted(text: str, known: Sequence[str], registry: Registry) -> str:
    """Return the known name that a text means, the text itself where it means none."""
    meant = resolve(text, known)
    if meant is None:
        return text
    if plain(meant) != plain(text):
        registry.note_alias(text, meant)
    return meant


def canonical_metric(metric: str, registry: Registry) -> str:
    """Return a metric's name as files have it, of one layer or of the whole model."""
    name, at, layer = metric.partition("@")
    values = [value for entry in registry.entries(Diagnostic) for value in entry.record.value_names]
    return _noted(name, [*dict.fromkeys([*METRICS, *values])], registry) + at + layer


def _judging(judging: Mapping[str, Any], texts: Sequence[str], registry: Registry, prefer: str) -> dict[str, Any]:
    """Return criteria with canonical names. texts: labels and values of what is compared."""
    asked = dict(judging)
    if metric := asked.get("metric"):
        asked["metric"] = canonical_metric(metric, registry)
    baseline = asked.get("baseline")
    if baseline and not resolve(baseline, texts, {}):
        asked["baseline"] = _baseline(baseline, texts, registry, prefer)
    return asked


def _baseline(baseline: str, texts: Sequence[str], registry: Registry, prefer: str) -> str:
    """Return the value that a baseline means by an alias, the baseline itself where it means none."""
    meant = (canonical_text(name, baseline, registry, prefer) for name in (*AXES, *SETTINGS))
    return next((text for text in meant if text != baseline and text in texts), baseline)
