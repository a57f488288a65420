"""What is asked for and what will be run: requests still in text, and plans of trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError, suggest
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.axes import TEXTS_BEFORE_INTRODUCED
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.identity import digest
from dlbench.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Request:
    """A comparison as the user wrote it.

    values: texts by component axis or setting; more than one make an axis. variants: the assignments of each
    --variant, "label" among them. seeds: their numbers, how many, as many as verdicts turn out to need within a range,
    or None for as many as a verdict needs at least. judging: how it is judged, as far as the user said (see
    results.criteria); noise_floor: run the baseline on other seeds too. diagnostics: lists of diagnostics and of the
    epochs at which they measure. experiment: the qualified name of the one that this is, or ""; prefer: the plugin that
    is looked into first.
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variants: Sequence[Mapping[str, str]] = ()
    seeds: Sequence[int] | int | AutoSeeds | None = None
    judging: Mapping[str, Any] = field(default_factory=dict)
    noise_floor: bool = False
    diagnostics: Sequence[str] = ()
    experiment: str = ""
    prefer: str = ""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One combination. values: its text on each axis. trial: its first trial, a template for the others."""

    label: str
    values: Mapping[str, str]
    trial: Trial


@dataclass(frozen=True, kw_only=True)
class Veto:
    """A combination that makes no sense, and why."""

    variant: Variant
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be run. axes: the texts that vary; fixed: everything else, by name.

    baseline: a variant's label, "" for the first. noise_floor: seeds on which the baseline runs again. looks: the
    numbers of seeds after which a growing comparison may stop. judging: what is fixed about the verdicts. watch: what
    is measured of each training beside its results.
    """

    axes: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, str]
    variants: tuple[Variant, ...]
    vetoes: tuple[Veto, ...]
    seeds: tuple[int, ...]
    experiment: str = ""
    baseline: str = ""
    noise_floor: tuple[int, ...] = ()
    looks: tuple[int, ...] = ()
    judging: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Return all trials; those of one seed stand together, so that pairs complete early."""
        paired = [replace(variant.trial, seed=seed) for seed in self.seeds for variant in self.variants]
        return (*paired, *(replace(self.baseline_variant.trial, seed=seed) for seed in self.noise_floor))

    @property
    def baseline_variant(self) -> Variant:
        """Return the variant that the others are compared with."""
        label = find_baseline(self.baseline, {variant.label: variant.values for variant in self.variants})
        return next(variant for variant in self.variants if variant.label == label)

    @property
    def stages(self) -> tuple["Plan", ...]:
        """Return the plan itself or, where its seeds grow, the plan as far as each look."""
        if not self.looks:
            return (self,)
        return tuple(replace(self, seeds=self.seeds[:look], noise_floor=self.noise_floor[:look]) for look in self.looks)

    @property
    def name(self) -> str:
        """Return the run folder's default name: axes, data set, six digits of what is held fixed."""
        fixed = {name: text for name, text in self.fixed.items() if TEXTS_BEFORE_INTRODUCED.get(name) != text}
        dataset = parse_reference(self.fixed["dataset"]).name if "dataset" in self.fixed else ""
        varied = list(self.axes) or [parse_reference(self.fixed["model"]).name]
        words = [*varied, dataset] if dataset else varied
        shown = "-".join(word.rpartition("/")[2].replace("_", "-") for word in words)
        return f"{shown[:80]}-{digest(fixed, 6)}"

    def to_json(self) -> dict[str, Any]:
        """Return the plan as the manifest keeps it."""
        variants = [
            {"label": v.label, "values": dict(v.values), "variant_id": v.trial.variant_id} for v in self.variants
        ]
        optional = {
            "experiment": self.experiment,
            "judging": dict(self.judging),
            "noise_floor": list(self.noise_floor),
            "watch": self.diagnostics.to_json() if self.diagnostics else {},
        }
        return {
            "axes": {axis: list(values) for axis, values in self.axes.items()},
            "fixed": dict(self.fixed),
            "variants": variants,
            "seeds": list(self.seeds),
            "baseline": self.baseline_variant.label,
            **{key: value for key, value in optional.items() if value},
        }


def find_baseline(name: str, variants: Mapping[str, Mapping[str, str]]) -> str:
    """Return the label of the variant that a name means: a label, or a value of an axis; "" means the first.

    variants: their values by axis, by label.
    """
    if not name or name in variants:
        return name or next(iter(variants))
    for label, values in variants.items():
        if name in values.values():
            return label
    known = dict.fromkeys([*variants, *(value for values in variants.values() for value in values.values())])
    raise DlbenchError(
        f"There is no variant {name!r} to be the baseline.", suggest(name, known, f"It takes {', '.join(known)}.")
    )
