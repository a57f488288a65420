"""The variants of a plan: axes multiply, each --variant adds its own assignments."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product

from dlbench.components.axes import AXES, Axis
from dlbench.components.choice import Selection
from dlbench.components.records import Dataset, Model
from dlbench.components.syntax import format_value, parse_reference, unquote
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Variant
from dlbench.plugins.registry import Registry
from dlbench.trials.axes import ASSIGNABLE
from dlbench.trials.settings import SETTINGS, Settings
from dlbench.trials.trial import Trial

VARIANT = "variant"


def make_variants(
    axes: Mapping[str, Sequence[str]],
    variants: Sequence[Mapping[str, str]],
    base: Mapping[str, str],
    registry: Registry,
    prefer: str,
) -> list[Variant]:
    """Return the combinations of all axes with each --variant, resolved against the registry.

    Raises DlbenchError for unknown names, values out of range, and two combinations that are the same.
    """
    combined = _combine(axes, variants)
    combinations = [(labels, {**base, **chosen}) for labels, chosen in combined]
    varied = {name for assigned in (axes, *variants) for name in assigned}
    trials = [make_trial(texts, registry, prefer, varied) for _, texts in combinations]
    shared = _shared_names(trials)
    candidates = [
        replace(_variant(*combination, trial, shared), assigned=_texts_of(trial, [n for n in chosen if n not in axes]))
        for combination, trial, (_, chosen) in zip(combinations, trials, combined, strict=True)
    ]
    check_distinct(candidates)
    return candidates


def _texts_of(trial: Trial, names: Iterable[str]) -> dict[str, str]:
    """Return what a trial has for some axes and settings, as texts; components are qualified."""
    found = {name: trial.row()[name] for name in names}
    return {name: value if isinstance(value, str) else format_value(value) for name, value in found.items()}


def fixed_texts(
    axes: Mapping[str, Sequence[str]],
    variants: Sequence[Mapping[str, str]],
    candidates: Sequence[Variant],
    base: Mapping[str, str],
) -> dict[str, str]:
    """Return the text of everything but the axes and what every --variant sets itself."""
    step = len(candidates) // max(len(variants), 1)
    firsts = [(set(variant), candidates[number * step].trial) for number, variant in enumerate(variants)]
    fixed = {}
    for name in ASSIGNABLE:
        undecided = [trial for assigned, trial in firsts or [(set(), candidates[0].trial)] if name not in assigned]
        if name not in axes and undecided:
            fixed[name] = _texts(undecided[0], base)[name]
    return fixed


def _combine(
    axes: Mapping[str, Sequence[str]], variants: Sequence[Mapping[str, str]]
) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return (labels by axis, texts by name) of every combination, the last axis fastest."""
    bases: list[tuple[dict[str, str], dict[str, str]]] = [({}, {})]
    if variants:
        bases = []
        for variant in variants:
            chosen = {name: text for name, text in variant.items() if name != "label"}
            label = unquote(variant.get("label", "")) or ", ".join(chosen.values())
            bases.append(({VARIANT: label}, chosen))
    names = list(axes)
    return [
        ({**labels, **dict.fromkeys(names, "")}, {**chosen, **dict(zip(names, texts, strict=True))})
        for labels, chosen in bases
        for texts in product(*axes.values())
    ]


def _shared_names(trials: Iterable[Trial]) -> frozenset[str]:
    """Return the qualified names whose short name another plugin's component on the same axis has too."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for trial in trials:
        for axis, selection in trial.components.items():
            names[axis, selection.name.rpartition("/")[2]].add(selection.name)
    return frozenset(name for alike in names.values() if len(alike) > 1 for name in alike)


def _variant(labels: Mapping[str, str], texts: Mapping[str, str], trial: Trial, shared: Container[str]) -> Variant:
    shown = _texts(trial, texts)
    for axis, selection in trial.components.items():
        shown[axis] = selection.text if selection.name in shared else selection.short
    values = {axis: label or shown[axis] for axis, label in labels.items()}
    label = ", ".join(values.values()) or trial.model.short
    return Variant(label=label, values=values, trial=trial)


def make_trial(texts: Mapping[str, str], registry: Registry, prefer: str, varied: Container[str]) -> Trial:
    """Return the trial of texts by axis and setting, with seed 0. varied: names that the user has set or varies."""
    components = {name: _component(axis, texts[name], registry, prefer) for name, axis in AXES.items() if texts[name]}
    model = registry.get(Model, components["model"].name).record
    dataset = registry.get(Dataset, components["dataset"].name).record
    unset = model.activation is None and "activation" not in varied  # one value varies nothing
    if "activation" not in components or unset:
        components["activation"] = _default_activation(model, components["model"], registry)
    return Trial.of(
        components,
        settings=Settings(**{name: setting.parse(texts[name]) for name, setting in SETTINGS.items()}),  # type: ignore[arg-type]  # parsed by their own types
        seed=0,
        input_shape=dataset.input_shape,
        num_classes=dataset.num_classes,
    )


def _component(axis: Axis, text: str, registry: Registry, prefer: str) -> Selection:
    if word := axis.word(text):
        return Selection(word)
    return registry.select(axis.kind, parse_reference(text), prefer)


def _default_activation(model: Model, selection: Selection, registry: Registry) -> Selection:
    if model.activation in (None, "own"):
        return Selection(model.activation or "none")
    return registry.select("activations", parse_reference(model.activation), prefer=selection.name.partition("/")[0])


def _texts(trial: Trial, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the canonical text of every axis and setting; an activation that the model chooses stays ""."""
    components = {axis: selection.text for axis, selection in trial.components.items()}
    if not texts["activation"]:
        components["activation"] = ""
    return components | {name: format_value(value).strip('"') for name, value in asdict(trial.settings).items()}


def check_distinct(candidates: Iterable[Variant]) -> None:
    """Raise DlbenchError for two variants with one label, or for one variant with two."""
    labels: set[str] = set()
    seen: dict[str, str] = {}
    for candidate in candidates:
        identity = candidate.trial.variant_id
        if identity in seen:
            raise DlbenchError(
                f"The variants {seen[identity]!r} and {candidate.label!r} are the same.", "Name each variant once."
            )
        if candidate.label in labels:
            raise DlbenchError(f"Duplicate label {candidate.label!r}.", "Each variant needs its own label.")
        seen[identity] = candidate.label
        labels.add(candidate.label)
