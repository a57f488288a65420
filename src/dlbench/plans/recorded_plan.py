"""The plan of an earlier run, to be run once more: from its record, and from its trials where there are some."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dlbench.components.axes import AXES
from dlbench.components.choice import Selection
from dlbench.components.syntax import parse_reference
from dlbench.components.user_code import is_user_code
from dlbench.errors import DlbenchError
from dlbench.plans.hold import holding
from dlbench.plans.plan import Plan, Variant
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.plans.search_space import with_values
from dlbench.plans.variants import VARIANT, make_trial
from dlbench.plugins.registry import SINGULAR, Registry
from dlbench.statistics.seeds import LARGEST_SEED
from dlbench.trials.axes import ASSIGNABLE, DEFAULTS, TEXTS_BEFORE_INTRODUCED
from dlbench.trials.trial import Trial

_OWN = "own"


def recorded_plan(record: PlanRecord, trials: Iterable[Trial], registry: Registry, plugins: Sequence[str] = ()) -> Plan:
    """Return the plan of a record, with its criteria and all its seeds.

    trials: those that have run; a variant that has none is made of the texts of the record.
    plugins: those whose components the run had; short names are looked for there first.
    Raises DlbenchError for a variant that cannot be made here.
    """
    if not record.seeds or not all(0 <= seed <= LARGEST_SEED for seed in (*record.seeds, *record.noise_floor)):
        raise DlbenchError(
            f"The manifest names {'impossible' if record.seeds else 'no'} seeds, so nothing can run.",
            "Compare again, with --seeds.",
        )
    known = {(trial.variant_id, trial.seed): trial for trial in trials if trial.role == "evaluation"}
    by_id = {identity: trial for (identity, _), trial in known.items()}
    variants = tuple(
        Variant(
            label=variant.label,
            values=variant.values,
            trial=by_id[variant.variant_id]
            if variant.variant_id in by_id
            else _from_texts(variant, record, registry, plugins),
            assigned=variant.assigned,
            by_seed=_by_seed(variant, known),
            stands_for=variant.stands_for,
        )
        for variant in record.variants
    )
    for variant in variants:
        check_components(variant.trial, registry)
    return Plan(
        axes=record.axes,
        fixed=record.fixed,
        variants=tuple(replace(variant, trial=replace(variant.trial, seed=0)) for variant in variants),
        vetoes=(),
        seeds=record.seeds,
        experiment=record.experiment,
        baseline=record.baseline,
        noise_floor=record.noise_floor,
        finished=record.finished,
        judging=record.criteria,
        diagnostics=record.diagnostics,
        searched=replace(record.tuning, elsewhere=True) if record.tuning and record.tuning.is_chosen else None,
        spread=record.spread,
        own_validation=_OWN in record.fixed.get("validation", "").split(" or "),
    )


def _by_seed(variant: PlannedVariant, known: Mapping[tuple[str, int], Trial]) -> dict[int, Trial]:
    """Return the trials of a variant that has settings of its own on every seed; {} for others."""
    found = {seed: known.get((identity, seed)) for seed, identity in variant.by_seed.items()}
    if missing := [seed for seed, trial in found.items() if trial is None]:
        raise DlbenchError(
            f"{variant.label} was tuned anew for every seed, and its trial of seed {missing[0]} is not there.",
            "Keep the journal folder of its run beside its manifest, or run its command again.",
        )
    return {seed: replace(trial, seed=0) for seed, trial in found.items() if trial}


def _from_texts(variant: PlannedVariant, record: PlanRecord, registry: Registry, plugins: Sequence[str]) -> Trial:
    if VARIANT in record.axes and not any(each.assigned for each in record.variants):
        raise DlbenchError(
            f"The manifest does not say what the variant {variant.label} is: it was written by an older dlbench.",
            "Keep the journal folder of its run beside it, which holds the trials.",
        )
    before = {name: TEXTS_BEFORE_INTRODUCED.get(name, text) for name, text in DEFAULTS.items()}
    values = {name: text for name, text in variant.values.items() if name in ASSIGNABLE}
    searched = record.tuning.names if record.tuning else ()  # their ranges stand in place of what is fixed
    fixed = {name: text for name, text in record.fixed.items() if name not in searched}
    own = {name: text for name, text in variant.assigned.items() if "." not in name}
    texts = {**before, **fixed, **own, **values}
    texts["validation"] = next((t for t in texts["validation"].split(" or ") if t != _OWN), _OWN)
    if texts["activation"] == "none":  # of a model without any, which says so itself
        texts["activation"] = ""
    texts |= {name: _qualified(name, texts[name], registry, plugins) for name in AXES if texts[name]}
    trial = make_trial(texts, registry, record.experiment.partition("/")[0], {*values, *own})
    trial = replace(trial, stream_seeds=holding(trial, record.held))
    return with_values(trial, {name: text for name, text in variant.assigned.items() if "." in name}, registry)


def _qualified(axis: str, text: str, registry: Registry, plugins: Sequence[str]) -> str:
    """Return a component's text with the plugin of the run that has it; unchanged where none has."""
    name = parse_reference(text).name
    if "/" in name or AXES[axis].word(text):
        return text
    known = {entry.name for entry in registry.entries(AXES[axis].kind)}
    found = next((plugin for plugin in plugins if f"{plugin}/{name}" in known), "")
    return f"{found}/{text}" if found else text


def check_components(trial: Trial, registry: Registry) -> None:
    """Raise DlbenchError where a component of a trial is not installed, or takes other parameters now."""
    for axis, selection in trial.components.items():
        if "/" in selection.name:  # else it is a word, such as "none"
            _check_component(AXES[axis].kind, selection, registry)


def _check_component(kind: str, selection: Selection, registry: Registry) -> None:
    plugin = registry.get(kind, selection.name).plugin
    declared = registry.get(kind, selection.name).record.parameters
    if unknown := [name for name in selection.parameters if name not in declared]:
        raise DlbenchError(
            f"The {SINGULAR[kind]} {selection.name} has no parameter {unknown[0]!r} in {plugin.name} {plugin.version}.",
            f"The run had another version of {plugin.name}: install that one.",
        )


def check_plugins(used: Mapping[str, str], registry: Registry) -> None:
    """Raise DlbenchError for a plugin that a run used and that is not here. used: versions by plugin."""
    missing = [(name, version) for name, version in used.items() if name not in registry.plugins.by_name]
    if code := [(name, digest) for name, digest in missing if is_user_code(name)]:
        named = " and ".join(f"{name} ({digest})" for name, digest in code)
        raise DlbenchError(
            f"The run used code of its author's own that has not run here: {named}. A run folder never brings code.",
            "Get the file, look at it, and compare as the run's command in its manifest.json does.",
        )
    if missing:
        named = " and ".join(f"{name} {version}".strip() for name, version in missing)
        wanted = " ".join(f"dlbench-{name}" + (f"=={version}" if version else "") for name, version in missing)
        raise DlbenchError(
            f"The run used plugins that are not installed here: {named}.",
            f"Type `dlbench plugins install {wanted}`, or the place where they are.",
        )
