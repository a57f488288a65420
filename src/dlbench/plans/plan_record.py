"""The plan of a run as a record: what is built, written to the manifest, read back, judged and reported."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import held_sources
from dlbench.plans.spread import SpreadDesign, varied_label
from dlbench.plans.tuning_record import TuningRecord
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class PlannedVariant:
    """One combination that the plan compares.

    label: its name, unique within the plan.
    values: its text on each axis.
    variant_id: the identity that its trials share, whatever their seeds.
    assigned: what it sets itself as no axis does, by name; {} for a product of axes, and in older manifests.
    by_seed: the identity of its trial of each seed, where every seed has settings of its own; then variant_id stands
        for all of them.
    stands_for: labels of the variants that are one with it once they are tuned; () where it is as it was asked for.
    """

    label: str
    values: Mapping[str, str]
    variant_id: str
    assigned: Mapping[str, str] = field(default_factory=dict)
    by_seed: Mapping[int, str] = field(default_factory=dict)
    stands_for: tuple[str, ...] = ()

    def identity(self, seed: int) -> str:
        """Return the identity of its trial of a seed, whatever the seed's part in it."""
        return self.by_seed.get(seed, self.variant_id)

    def to_json(self) -> dict[str, Any]:
        """Return the variant as the manifest keeps it."""
        content = {"label": self.label, "values": dict(self.values), "variant_id": self.variant_id}
        by_seed = {str(seed): identity for seed, identity in self.by_seed.items()}
        optional = {"assigned": dict(self.assigned), "by_seed": by_seed, "stands_for": list(self.stands_for)}
        return content | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, kw_only=True)
class Target:
    """The value that epochs_to_target counts up to, known once the baseline's trials ended.

    metric: name of the metric that must reach it.
    fraction: where along the baseline's epochs it was read.
    baseline: label of the variant that set it.
    values: the target for each data set.
    """

    metric: str
    fraction: float
    baseline: str
    values: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PlanRecord(Mapping[str, Any]):
    """What a run compares, from the request to the report.

    Also a read-only mapping with the keys of the manifest's JSON (`plan["variants"][0]["label"]`, `plan.get("watch")`),
    for plugins written when plans were dictionaries. The core reads attributes only.

    axes: the texts that vary, by axis.
    fixed: everything else, by name.
    variants: the combinations, in the order of tables and figures.
    seeds: the seeds that every variant runs with.
    baseline: label of the variant that the others are compared with.
    experiment: qualified name of the experiment, "" if it is none.
    judging: how differences are judged; None for the defaults.
    noise_floor: seeds on which the baseline runs again.
    diagnostics: what is measured during training.
    target: of epochs_to_target, None until it is known.
    finished: the number of seeds after which a variant needed no more, by label.
    tuning: the search that preceded the comparison, None for none.
    spread: the trials that show where the spread comes from, None for none.
    rebuilt: whether it was rebuilt from its trials, so that nobody knows how they were to be judged.
    unknown: keys written by another version, kept as they are.
    """

    axes: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, str]
    variants: tuple[PlannedVariant, ...]
    seeds: tuple[int, ...]
    baseline: str
    experiment: str = ""
    judging: Criteria | None = None
    noise_floor: tuple[int, ...] = ()
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS
    target: Target | None = None
    finished: Mapping[str, int] = field(default_factory=dict)
    tuning: TuningRecord | None = None
    spread: SpreadDesign | None = None
    rebuilt: bool = False
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trial_count(self) -> int:
        """Return the number of planned trials, those of the noise floor included, those of a search or a spread not."""
        seeds = (self.finished.get(variant.label, len(self.seeds)) for variant in self.variants)
        return sum(seeds) + len(self.noise_floor[: self.finished.get(self.baseline)])

    @property
    def varied_count(self) -> int:
        """Return the number of planned trials that vary a source of randomness."""
        return self.spread.varied_count * len(self.variants) if self.spread else 0

    def label_of(self, trial: Trial) -> str:
        """Return what a trial of the plan is called, with the source that it alone varies; "" for other trials."""
        own = self.labels.get((trial.variant_id, trial.seed), "")
        if own or not self.spread or not self.spread.varies(trial):
            return own
        usual = replace(trial, stream_seeds={}).variant_id
        found = next((each.label for each in self.variants if each.variant_id == usual), "")
        return found and varied_label(found, trial.stream_seeds)

    @cached_property
    def labels(self) -> Mapping[tuple[str, int], str]:
        """Return the label of each trial of the comparison, by its variant_id and its seed."""
        found = {
            (each.identity(seed), seed): each.label
            for each in self.variants
            for seed in self.seeds[: self.finished.get(each.label)]
        }
        for seed in self.noise_floor[: self.finished.get(self.baseline)]:
            found[self.baseline_variant.variant_id, seed] = self.baseline
        return found

    @property
    def baseline_variant(self) -> PlannedVariant:
        """Return the variant that the others are compared with."""
        return next(variant for variant in self.variants if variant.label == self.baseline)

    @property
    def criteria(self) -> Criteria:
        """Return the fixed criteria; a plan that fixed none has the defaults."""
        return self.judging or Criteria(baseline=self.baseline)

    @property
    def held(self) -> tuple[str, ...]:
        """Return the sources of randomness that every seed shares."""
        return held_sources(self.fixed)

    @property
    def varied_axes(self) -> tuple[str, ...]:
        """Return the axes on which the variants differ."""
        return tuple(axis for axis in self.axes if len({v.values.get(axis, "") for v in self.variants}) > 1)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as the manifest keeps it; what is empty has no key."""
        optional = {
            "experiment": self.experiment,
            "judging": self.judging.to_json() if self.judging else {},
            "noise_floor": list(self.noise_floor),
            "watch": self.diagnostics.to_json() if self.diagnostics else {},  # the key that committed runs have
            "target": asdict(self.target) if self.target else {},
            "finished": dict(self.finished),
            "tuning": self.tuning.to_json() if self.tuning else {},
            "spread": self.spread.to_json() if self.spread else {},
            "rebuilt": self.rebuilt,
        }
        return {
            "axes": {axis: list(values) for axis, values in self.axes.items()},
            "fixed": dict(self.fixed),
            "variants": [variant.to_json() for variant in self.variants],
            "seeds": list(self.seeds),
            "baseline": self.baseline,
            **{key: value for key, value in optional.items() if value},
            **self.unknown,
        }

    def __getitem__(self, key: str) -> Any:
        return self.to_json()[key]

    def __bool__(self) -> bool:
        return True  # without writing the JSON to see whether it is empty

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_json())

    def __len__(self) -> int:
        return len(self.to_json())
