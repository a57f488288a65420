"""From a request to a plan: axes multiply into variants, each meets every seed, what cannot be is vetoed."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product

from dlbench.components.axes import AXES, Axis
from dlbench.components.choice import Selection
from dlbench.components.records import Dataset, Model
from dlbench.components.syntax import format_value, parse_reference, unquote
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.diagnostics import read_diagnostics, source_of
from dlbench.plans.plan import Plan, Request, Variant, Veto
from dlbench.plans.vetoes import nothing_left, veto_reason
from dlbench.plugins.registry import Registry
from dlbench.statistics.seeds import ALPHA, LARGEST_SEED, AutoSeeds, comparisons_among, other_seeds, seeds_needed
from dlbench.trials.axes import ASSIGNABLE, DEFAULTS
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.settings import SETTINGS, Settings
from dlbench.trials.trial import Trial

VARIANT = "variant"


def build(request: Request, registry: Registry, defaults: Mapping[str, str] | None = None) -> Plan:
    """Resolve a request against the registry. Nothing is loaded and nothing is written.

    Raises DlbenchError for unknown names, values out of range, a list that names something twice, and where
    no combination is left.
    """
    _check_names(request)
    base = {**DEFAULTS, **(defaults or {})}
    base |= {name: texts[0] for name, texts in request.values.items() if len(texts) == 1}
    axes = {name: tuple(request.values[name]) for name in ASSIGNABLE if len(request.values.get(name, ())) > 1}
    candidates = _candidates(axes, request.variants, base, registry, request.prefer)
    fixed = _fixed(axes, request.variants, candidates, base)
    shown_axes: dict[str, tuple[str, ...]] = {}
    for candidate in candidates:
        for axis, text in candidate.values.items():
            shown_axes[axis] = tuple(dict.fromkeys((*shown_axes.get(axis, ()), text)))
    kept, vetoes = _judge([(candidate, "") for candidate in candidates], registry)
    comparisons = comparisons_among(len(kept), all_pairs=request.judging.get("all_pairs", False))
    alpha = request.judging.get("alpha", ALPHA)
    diagnostics = _watch(request, registry)
    seeds = _seeds(request.seeds, comparisons, alpha)
    plan = Plan(
        axes=shown_axes,
        fixed=fixed,
        variants=kept,
        vetoes=vetoes,
        seeds=seeds,
        experiment=request.experiment,
        baseline=request.judging.get("baseline", ""),
        noise_floor=other_seeds(seeds) if request.noise_floor else (),
        interim_analyses=request.seeds.looks(comparisons, alpha) if isinstance(request.seeds, AutoSeeds) else (),
        diagnostics=diagnostics,
    )
    return replace(plan, baseline=plan.baseline_variant.label if plan.baseline else "")


def _watch(request: Request, registry: Registry) -> DiagnosticsPlan:
    """Return what is measured; whoever wants to judge by a diagnostic gets it."""
    diagnostics = read_diagnostics(request.diagnostics, registry, request.prefer)
    source = source_of(request.judging.get("metric", ""), registry)
    unasked = source and request.judging["metric"].partition("@")[0] not in diagnostics.values
    return diagnostics.joined(read_diagnostics((source,), registry)) if unasked else diagnostics


def resolve(plan: Plan, registry: Registry, complete: Callable[[Trial], tuple[Trial, str]]) -> Plan:
    """Give each trial what only the machine knows (data-set digest and shape, what "auto" means) and veto again.

    complete: returns the trial completed, and why it cannot be, or "".
    """
    completed = [(variant, *complete(variant.trial)) for variant in plan.variants]
    candidates = [(replace(variant, trial=trial), reason) for variant, trial, reason in completed]
    _check_distinct(variant for variant, _ in candidates)  # where "auto" is what another variant names
    kept, vetoes = _judge(candidates, registry)
    return replace(plan, variants=kept, vetoes=(*plan.vetoes, *vetoes))


def _fixed(
    axes: Mapping[str, Sequence[str]],
    variants: Sequence[Mapping[str, str]],
    candidates: Sequence["Variant"],
    base: Mapping[str, str],
) -> dict[str, str]:
    """Return the text of everything that is no axis and that not every --variant decides for itself."""
    step = len(candidates) // max(len(variants), 1)
    firsts = [(set(variant), candidates[number * step].trial) for number, variant in enumerate(variants)]
    fixed = {}
    for name in ASSIGNABLE:
        undecided = [trial for assigned, trial in firsts or [(set(), candidates[0].trial)] if name not in assigned]
        if name not in axes and undecided:
            fixed[name] = _texts(undecided[0], base)[name]
    return fixed


def _check_names(request: Request) -> None:
    for name, texts in request.values.items():
        if name not in ASSIGNABLE:
            hint = suggest(name, ASSIGNABLE, f"There are {', '.join(ASSIGNABLE)}.")
            raise DlbenchError(f"There is no axis or setting {name!r}.", hint)
        if not texts:
            raise DlbenchError(f"The list of values for {name} is empty.", "Give one or more, or leave it out.")
    for variant in request.variants:
        if not any(unquote(text) for text in variant.values()):
            raise DlbenchError("A --variant is empty.", 'Write it as --variant "label=small;model=mlp:hidden=32".')
        if not (label := unquote(variant.get("label", ""))).isprintable():
            raise DlbenchError(f"The label {label!r} cannot be shown.", "Write it in one line of printable characters.")
        for name in variant:
            if name not in (*ASSIGNABLE, "label"):
                option = name.replace("_", "-")
                hint = suggest(name, ASSIGNABLE, "It takes label and any option.").replace("_", "-")
                raise DlbenchError(f"--variant has no key {option!r}.", hint)
            if len(request.values.get(name, ())) > 1:
                raise DlbenchError(f"{name} is an axis and stands in a --variant too.", "Give it in one of the two.")


def _candidates(
    axes: Mapping[str, Sequence[str]],
    variants: Sequence[Mapping[str, str]],
    base: Mapping[str, str],
    registry: Registry,
    prefer: str,
) -> list[Variant]:
    combinations = [(labels, {**base, **chosen}) for labels, chosen in _combine(axes, variants)]
    trials = [_trial(texts, registry, prefer) for _, texts in combinations]
    shared = _shared_names(trials)
    candidates = [
        _variant(*combination, trial, shared) for combination, trial in zip(combinations, trials, strict=True)
    ]
    _check_distinct(candidates)
    return candidates


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
    """Return the qualified names whose short name is that of another plugin's component on the same axis."""
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


def _trial(texts: Mapping[str, str], registry: Registry, prefer: str) -> Trial:
    components = {name: _component(axis, texts[name], registry, prefer) for name, axis in AXES.items() if texts[name]}
    model = registry.get(Model, components["model"].name).record
    dataset = registry.get(Dataset, components["dataset"].name).record
    if "activation" not in components:
        components["activation"] = _default_activation(model, components["model"], registry)
    return Trial.of(
        components,
        settings=Settings(**{name: setting.parse(texts[name]) for name, setting in SETTINGS.items()}),  # type: ignore[arg-type]  # parsed by their own types
        seed=0,
        input_shape=dataset.input_shape,
        num_classes=dataset.num_classes,
    )


def _component(axis: Axis, text: str, registry: Registry, prefer: str) -> Selection:
    return Selection(text) if axis.takes_word(text) else registry.select(axis.kind, parse_reference(text), prefer)


def _default_activation(model: Model, selection: Selection, registry: Registry) -> Selection:
    if model.activation in (None, "own"):
        return Selection(model.activation or "none")
    return registry.select("activations", parse_reference(model.activation), prefer=selection.name.partition("/")[0])


def _texts(trial: Trial, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the canonical text of every axis and setting; an activation left to the model is "" still."""
    components = {axis: selection.text for axis, selection in trial.components.items()}
    if not texts["activation"]:
        components["activation"] = ""
    return components | {name: format_value(value).strip('"') for name, value in asdict(trial.settings).items()}


def _check_distinct(candidates: Iterable[Variant]) -> None:
    labels: set[str] = set()
    seen: dict[str, str] = {}
    for candidate in candidates:
        identity = candidate.trial.variant_id
        if identity in seen:
            raise DlbenchError(
                f"The variants {seen[identity]!r} and {candidate.label!r} are the same.", "Name each variant once."
            )
        if candidate.label in labels:
            raise DlbenchError(f"Two variants are labelled {candidate.label!r}.", "Give each a label of its own.")
        seen[identity] = candidate.label
        labels.add(candidate.label)


def _seeds(wanted: Sequence[int] | int | AutoSeeds | None, comparisons: int, alpha: float) -> tuple[int, ...]:
    if wanted is None:
        return tuple(range(seeds_needed(comparisons, alpha)))
    if isinstance(wanted, AutoSeeds):
        return tuple(range(wanted.last))
    seeds = tuple(range(wanted)) if isinstance(wanted, int) else tuple(wanted)
    if not seeds or min(seeds) < 0:
        raise DlbenchError("At least one seed is needed, and none below 0.", "Write --seeds 7 or --seed 0,1,2.")
    if max(seeds) > LARGEST_SEED:
        raise DlbenchError(f"Seeds go up to {LARGEST_SEED}.", "Write smaller ones, as in --seed 0,1,2.")
    if len(set(seeds)) < len(seeds):
        raise DlbenchError("A seed is named twice.", "Name each seed once, as in --seed 0,1,2.")
    return seeds


def _judge(
    candidates: Iterable[tuple[Variant, str]], registry: Registry
) -> tuple[tuple[Variant, ...], tuple[Veto, ...]]:
    """Part what can be from what cannot; each candidate comes with a reason against it that is known already, or ""."""
    kept, vetoes = [], []
    for candidate, known in candidates:
        if reason := known or veto_reason(candidate.trial, registry):
            vetoes.append(Veto(variant=candidate, reason=reason))
        else:
            kept.append(candidate)
    if not kept:
        raise nothing_left([(veto.variant.trial, veto.reason) for veto in vetoes], registry)
    return tuple(kept), tuple(vetoes)
