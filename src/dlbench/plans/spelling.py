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
    renamed = replace(request, values=values, variants=variants)
    return replace(renamed, judging=_judging(request.judging, renamed, registry))


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


def _judging(judging: Mapping[str, Any], request: Request, registry: Registry) -> dict[str, Any]:
    asked = dict(judging)
    if metric := asked.get("metric"):
        asked["metric"] = canonical_metric(metric, registry)
    if baseline := asked.get("baseline"):
        texts = [*(text for given in request.values.values() for text in given)]
        texts += [text for variant in request.variants for text in variant.values()]
        if not resolve(baseline, texts, {}):
            asked["baseline"] = _baseline(baseline, texts, registry, request.prefer)
    return asked


def _baseline(baseline: str, texts: Sequence[str], registry: Registry, prefer: str) -> str:
    """Return the value that a baseline means by an alias, the baseline itself where it means none."""
    meant = (canonical_text(name, baseline, registry, prefer) for name in (*AXES, *SETTINGS))
    return next((text for text in meant if text != baseline and text in texts), baseline)
