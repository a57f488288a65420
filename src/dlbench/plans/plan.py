"""What a user asks for and what will run: requests still in text, and plans of trials."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dlbench.components.syntax import parse_reference
from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import held_idly, held_sources
from dlbench.plans.naming import find_baseline
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.plans.spread import Spread, SpreadDesign, varied_label
from dlbench.plans.tuning import Tune, Tuning
from dlbench.plans.tuning_record import TuningRecord
from dlbench.statistics.seeds import Seeds
from dlbench.trials.axes import TEXTS_BEFORE_INTRODUCED
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.identity import digest
from dlbench.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Request:
    """A comparison as the user wrote it.

    values: texts by component axis or setting; more than one make an axis.
    variants: the assignments of each --variant, "label" among them.
    seeds: which, how many, as many as the verdicts turn out to need within a range, "least" for the fewest that can
        show anything, or None for as many as show a difference of one standard deviation in four of five studies.
    judging: the criteria that the user named (see `analysis.criteria`).
    noise_floor: whether the baseline runs on other seeds too.
    diagnostics: lists of diagnostics and of the epochs at which they measure.
    experiment: qualified name of the experiment that this is, or "".
    prefer: the plugin that is searched first.
    own_validation: whether a data set's own validation split is used where it has one, whatever the values say.
    tune: what is tuned for each variant before they are compared; None for nothing.
    hold: sources of randomness that every seed shares, as lists of names.
    spread: whether, and how, it is shown where the spread comes from; None for a comparison alone.
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variants: Sequence[Mapping[str, str]] = ()
    seeds: Seeds = None
    judging: Mapping[str, Any] = field(default_factory=dict)
    noise_floor: bool = False
    diagnostics: Sequence[str] = ()
    experiment: str = ""
    prefer: str = ""
    own_validation: bool = False
    tune: Tune | None = None
    hold: Sequence[str] = ()
    spread: Spread | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One combination, with what is needed to run it.

    label: its name, unique within the plan.
    values: its text on each axis.
    trial: its first trial, a template for the others.
    assigned: what it sets itself as no axis does, by name.
    by_seed: the trial of each seed, where every seed has settings of its own.
    stands_for: labels of the variants that are one with it once they are tuned; () where it is as it was asked for.
    """

    label: str
    values: Mapping[str, str]
    trial: Trial
    assigned: Mapping[str, str] = field(default_factory=dict)
    by_seed: Mapping[int, Trial] = field(default_factory=dict)
    stands_for: tuple[str, ...] = ()

    def at(self, seed: int) -> Trial:
        """Return its trial of a seed."""
        return replace(self.by_seed.get(seed, self.trial), seed=seed)

    @property
    def record(self) -> PlannedVariant:
        """Return the variant as the plan's record keeps it."""
        by_seed = {seed: trial.variant_id for seed, trial in self.by_seed.items()}
        identity = digest(sorted(by_seed.items())) if by_seed else self.trial.variant_id
        return PlannedVariant(
            label=self.label,
            values=dict(self.values),
            variant_id=identity,
            assigned=dict(self.assigned),
            by_seed=by_seed,
            stands_for=self.stands_for,
        )


@dataclass(frozen=True, kw_only=True)
class Veto:
    """A combination that cannot run, and why."""

    variant: Variant
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will run: the trials behind a plan's record.

    axes: the texts that vary, by axis.
    fixed: everything else, by name.
    variants: the combinations that run.
    vetoes: the combinations that do not, and why.
    seeds: the seeds that every variant runs with.
    experiment: qualified name of the experiment, "" if it is none.
    baseline: a variant's label, "" for the first.
    noise_floor: seeds on which the baseline runs again.
    interim_analyses: the numbers of seeds after which a growing comparison may stop.
    finished: the number of seeds after which a variant needs no more, by label.
    judging: how differences are judged; None before that is fixed.
    diagnostics: what is measured during training.
    notes: what of the request does not apply, a sentence each.
    own_validation: whether nobody chose the validation split, so that a data set's own is used where it has one.
    tuning: the search that precedes the comparison; None for none.
    searches: whether it is the stage that tunes; the variants are then as they were asked for.
    searched: the search of an earlier run, whose choices the variants have; None for none.
    spread: the trials that show where the spread comes from, beside those of the comparison; None for none.
    """

    axes: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, str]
    variants: tuple[Variant, ...]
    vetoes: tuple[Veto, ...]
    seeds: tuple[int, ...]
    experiment: str = ""
    baseline: str = ""
    noise_floor: tuple[int, ...] = ()
    interim_analyses: tuple[int, ...] = ()
    finished: Mapping[str, int] = field(default_factory=dict)
    judging: Criteria | None = None
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS
    notes: tuple[str, ...] = ()
    own_validation: bool = False
    tuning: Tuning | None = None
    searches: bool = False
    searched: TuningRecord | None = None
    spread: SpreadDesign | None = None

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Return all trials; those of one seed come together, so that pairs complete early."""
        if self.tuning and self.searches:
            return self.tuning.trials
        paired = [
            variant.at(seed)
            for count, seed in enumerate(self.seeds)
            for variant in self.variants
            if count < self.finished.get(variant.label, len(self.seeds))
        ]
        base = self.baseline_variant
        floor = self.noise_floor[: self.finished.get(base.label)]
        return (*paired, *(replace(base.trial, seed=seed) for seed in floor), *self._spread_trials)

    @property
    def _spread_trials(self) -> tuple[Trial, ...]:
        return tuple(self.spread.trials(variant.trial for variant in self.variants)) if self.spread else ()

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Return what of the request does not apply, with which of the held sources nothing is drawn from."""
        trials = {variant.label: variant.trial for variant in self.variants}
        return (*self.notes, *held_idly(trials, held_sources(self.fixed)))

    @property
    def evaluation(self) -> "Plan":
        """Return the comparison alone, without the search before it."""
        return replace(self, searches=False)

    @property
    def all_trials(self) -> tuple[Trial, ...]:
        """Return the trials of the search before the comparison, if there is one, and its own."""
        return self.trials if self.searches or not self.tuning else (*self.tuning.trials, *self.trials)

    @property
    def baseline_variant(self) -> Variant:
        """Return the variant that the others are compared with."""
        label = find_baseline(self.baseline, {variant.label: variant.values for variant in self.variants})
        return next(variant for variant in self.variants if variant.label == label)

    @property
    def stages(self) -> tuple["Plan", ...]:
        """Return the plan itself or, where its seeds grow, the plan as far as each interim analysis."""
        if self.searches or not self.interim_analyses:
            return (self,)
        return tuple(
            replace(self, seeds=self.seeds[:count], noise_floor=self.noise_floor[:count])
            for count in self.interim_analyses
        )

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the labels of all that runs, by variant_id."""
        tuned = self.tuning.labels if self.tuning else {}
        of_seeds = {trial.variant_id: each.label for each in self.variants for trial in each.by_seed.values()}
        varied = [(trial, each.label) for each in self.variants for trial in self._varied(each)]
        of_spread = {trial.variant_id: varied_label(label, trial.stream_seeds) for trial, label in varied}
        return tuned | {variant.trial.variant_id: variant.label for variant in self.variants} | of_seeds | of_spread

    def _varied(self, variant: Variant) -> Iterable[Trial]:
        return self.spread.trials([variant.trial]) if self.spread else ()

    def tuned(self, chosen: TuningRecord) -> "Plan":
        """Return the comparison of the variants as they were tuned. chosen: the search's record with its choices."""
        assert self.tuning is not None
        tuning = replace(self.tuning, record=chosen)
        found = [tuning.chosen_trials(study) for study in range(len(chosen.searches))]
        variants = tuple(
            replace(
                variant,
                trial=found[0][variant.label],
                assigned={**variant.assigned, **chosen.texts(variant.label)},
                by_seed={seed: trials[variant.label] for seed, trials in zip(self.seeds, found, strict=False)}
                if chosen.judges_procedure
                else {},
            )
            for variant in self.variants
        )
        return replace(self, variants=variants, tuning=tuning, searches=False)

    @property
    def name(self) -> str:
        """Return the run folder's default name: axes, data set, six digits of the fixed settings."""
        fixed = {name: text for name, text in self.fixed.items() if TEXTS_BEFORE_INTRODUCED.get(name) != text}
        dataset = parse_reference(self.fixed["dataset"]).name if "dataset" in self.fixed else ""
        first = ["spread"] if self.spread else []
        varied = first + (list(self.axes) or [parse_reference(self.fixed["model"]).name])
        words = [*varied, dataset] if dataset else varied
        shown = "-".join(word.rpartition("/")[2].replace("_", "-") for word in words)
        return f"{shown[:80]}-{digest(fixed, 6)}"

    @cached_property
    def record(self) -> PlanRecord:
        """Return the record of the plan, for the manifest and for everything that reads results."""
        return PlanRecord(
            axes=self.axes,
            fixed=self.fixed,
            variants=tuple(variant.record for variant in self.variants),
            seeds=self.seeds,
            baseline=self.baseline_variant.label,
            experiment=self.experiment,
            judging=self.judging,
            noise_floor=self.noise_floor,
            diagnostics=self.diagnostics,
            finished=self.finished,
            tuning=self.tuning.record if self.tuning else self.searched,
            spread=self.spread,
        )
