"""From a request to a plan: variants, vetoes, seeds, and what is measured."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from dlbench.components.syntax import unquote
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.diagnostics import read_diagnostics, source_of
from dlbench.plans.hold import HOLD, check_held, holding, read_held
from dlbench.plans.plan import Plan, Request, Variant, Veto
from dlbench.plans.spelling import canonical
from dlbench.plans.spread import SpreadDesign
from dlbench.plans.tuning import check_studies
from dlbench.plans.tuning_stage import with_tuning
from dlbench.plans.variants import check_distinct, fixed_texts, make_variants
from dlbench.plans.vetoes import nothing_left, veto_reason
from dlbench.plugins.registry import Registry
from dlbench.statistics.seeds import (
    ALPHA,
    LARGEST_SEED,
    MOST_SEEDS,
    TESTS,
    AutoSeeds,
    Seeds,
    Test,
    check_reachable,
    comparisons_among,
    default_seeds,
    least_seeds,
    other_seeds,
)
from dlbench.trials.axes import ASSIGNABLE, DEFAULTS
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.trial import Trial


def build(request: Request, registry: Registry, defaults: Mapping[str, str] | None = None) -> Plan:
    """Return the plan of a request, resolved against the registry. Nothing is loaded or written.

    defaults: texts that replace those of dlbench, by name.
    Raises DlbenchError for unknown names, invalid values, duplicates, and if every combination is vetoed.
    """
    request = canonical(request, registry)
    _check_names(request)
    base = {**DEFAULTS, **(defaults or {})}
    base |= {name: texts[0] for name, texts in request.values.items() if len(texts) == 1}
    axes = {name: tuple(request.values[name]) for name in ASSIGNABLE if len(request.values.get(name, ())) > 1}
    held = read_held(request.hold)
    candidates = [
        replace(each, trial=replace(each.trial, stream_seeds=holding(each.trial, held)))
        for each in make_variants(axes, request.variants, base, registry, request.prefer)
    ]
    kept, vetoes = _veto([(candidate, "") for candidate in candidates], registry)
    for variant in kept:
        check_held(variant.trial, variant.label, held)
    comparisons = comparisons_among(_compared(kept), all_pairs=request.judging.get("all_pairs", False))
    alpha = request.judging.get("alpha", ALPHA)
    test = request.judging.get("test", TESTS[0])
    if request.spread:
        request.spread.check(len(kept))
    wanted = request.spread.backgrounds if request.spread else request.seeds
    seeds = _seeds(wanted, comparisons, alpha, test)
    plan = Plan(
        axes=_axes(candidates),
        fixed=fixed_texts(axes, request.variants, candidates, base) | ({HOLD: ",".join(held)} if held else {}),
        variants=kept,
        vetoes=vetoes,
        seeds=seeds,
        experiment=request.experiment,
        baseline=request.judging.get("baseline", ""),
        noise_floor=other_seeds(seeds) if request.noise_floor else (),
        interim_analyses=request.seeds.schedule(alpha, test) if isinstance(request.seeds, AutoSeeds) else (),
        diagnostics=_diagnostics(request, registry),
        notes=_ignored(kept, request),
        own_validation=request.own_validation
        or not any("validation" in given for given in (request.values, defaults or {}, *request.variants)),
    )
    plan = replace(plan, baseline=plan.baseline_variant.label if plan.baseline else "")
    if request.tune and request.seeds is not None:
        check_studies(request.tune, plan.seeds)
    plan = replace(plan, spread=_spread(plan, request))
    return with_tuning(plan, request.tune, registry) if request.tune else plan


def _spread(plan: Plan, request: Request) -> SpreadDesign | None:
    """Return the trials that show where the spread comes from. Raises DlbenchError for what they do not go with."""
    if request.spread is None:
        return None
    if request.tune or request.hold or request.noise_floor:
        raise DlbenchError(
            "Where the spread comes from is shown of what is fixed: it goes with neither tuning, held sources nor a "
            "noise floor.",
            "Omit them.",
        )
    if request.seeds is not None:
        raise DlbenchError(
            "Where the spread comes from is shown on as many seeds as there are backgrounds.",
            "Omit the seeds, and say how many backgrounds.",
        )
    return SpreadDesign.make(request.spread, [variant.trial for variant in plan.variants])


def _compared(variants: Iterable[Variant]) -> int:
    """Return how many variants one table compares: those of a data set, unless the data sets are what is compared."""
    counts = Counter(variant.values.get("dataset", "") for variant in variants)
    largest = max(counts.values())
    return largest if largest > 1 else counts.total()


def _ignored(variants: Iterable[Variant], request: Request) -> tuple[str, ...]:
    """Return what of the request does not apply to some variants, a sentence each."""
    texts = request.values.get("activation", ())
    models = {variant.trial.model.short: None for variant in variants if variant.trial.activation.name == "none"}
    if len(texts) != 1 or texts[0] in ("", "none"):
        return ()
    return tuple(f"{model} has no activation to set: {texts[0]} does not apply to it" for model in models)


def _axes(candidates: Sequence[Variant]) -> dict[str, tuple[str, ...]]:
    """Return the distinct texts on each axis, in their order."""
    texts: dict[str, dict[str, None]] = {}
    for candidate in candidates:
        for axis, text in candidate.values.items():
            texts.setdefault(axis, {})[text] = None
    return {axis: tuple(found) for axis, found in texts.items()}


def _diagnostics(request: Request, registry: Registry) -> DiagnosticsPlan:
    """Return what is measured: what was asked for, and the diagnostic that the judged metric comes from."""
    diagnostics = read_diagnostics(request.diagnostics, registry, request.prefer)
    source = source_of(request.judging.get("metric", ""), registry)
    not_requested = source and request.judging["metric"].partition("@")[0] not in diagnostics.values
    return diagnostics.joined(read_diagnostics((source,), registry)) if not_requested else diagnostics


def resolve(plan: Plan, registry: Registry, complete: Callable[[Trial], tuple[Trial, str]]) -> Plan:
    """Return the plan with what only the machine knows (data-set digest and shape, what "auto" means), vetoed again.

    complete: returns the completed trial, and why it cannot run, or "".
    """
    completed = [(variant, *complete(variant.trial)) for variant in plan.variants]
    candidates = [(replace(variant, trial=trial), reason) for variant, trial, reason in completed]
    check_distinct(variant for variant, _ in candidates)  # "auto" may be what another variant names
    kept, vetoes = _veto(candidates, registry)
    used = dict.fromkeys(variant.trial.settings.validation for variant in kept)
    fixed = dict(plan.fixed) | ({"validation": " or ".join(used)} if plan.own_validation else {})
    spread = plan.spread and plan.spread.fitted([variant.trial for variant in kept])
    plan = replace(plan, fixed=fixed, variants=kept, vetoes=(*plan.vetoes, *vetoes), spread=spread)
    return with_tuning(plan, plan.tuning.tune, registry) if plan.tuning else plan


def _check_names(request: Request) -> None:
    for name, texts in request.values.items():
        if name not in ASSIGNABLE:
            hint = suggest(name, ASSIGNABLE, f"There are {', '.join(ASSIGNABLE)}.")
            raise DlbenchError(f"There is no axis or setting {name!r}.", hint)
        if not texts:
            raise DlbenchError(f"The list of values for {name} is empty.", "Add one or more, or omit it.")
    for variant in request.variants:
        if not any(unquote(text) for text in variant.values()):
            raise DlbenchError("A --variant is empty.", 'Write it as --variant "label=small;model=mlp:hidden=32".')
        if not (label := unquote(variant.get("label", ""))).isprintable():
            raise DlbenchError(
                f"Invalid label {label!r}: some characters are not printable.",
                "Write one line of printable characters.",
            )
        for name in variant:
            if name not in (*ASSIGNABLE, "label"):
                option = name.replace("_", "-")
                hint = suggest(name, ASSIGNABLE, "It takes label and any option.").replace("_", "-")
                raise DlbenchError(f"--variant has no key {option!r}.", hint)
            if len(request.values.get(name, ())) > 1:
                raise DlbenchError(f"{name} is both an axis and part of a --variant.", "Set it in one of the two.")


def _seeds(wanted: Seeds, comparisons: int, alpha: float, test: Test) -> tuple[int, ...]:
    check_reachable(alpha, test)
    if wanted is None:
        return tuple(range(default_seeds(comparisons, alpha, test=test)))
    if wanted == "least":
        return tuple(range(least_seeds(alpha, test)))
    many = wanted.last if isinstance(wanted, AutoSeeds) else wanted if isinstance(wanted, int) else len(wanted)
    if many > MOST_SEEDS:
        raise DlbenchError(f"{many} seeds are more than {MOST_SEEDS}.", "Write fewer, as in --seeds 30.")
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


def _veto(
    candidates: Iterable[tuple[Variant, str]], registry: Registry
) -> tuple[tuple[Variant, ...], tuple[Veto, ...]]:
    """Return the variants that can run, and the vetoes. candidates: each with a reason known already, or ""."""
    kept, vetoes = [], []
    for candidate, known in candidates:
        if reason := known or veto_reason(candidate.trial, registry):
            vetoes.append(Veto(variant=candidate, reason=reason))
        else:
            kept.append(candidate)
    if not kept:
        raise nothing_left([(veto.variant.trial, veto.reason) for veto in vetoes], registry)
    return tuple(kept), tuple(vetoes)
