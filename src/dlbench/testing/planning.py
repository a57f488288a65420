"""Experiments as they would run, for a plugin's tests of its experiment files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dlbench.experiments.experiment_file import Claim, Experiment, load_experiment
from dlbench.experiments.relations import Interaction, Monotone
from dlbench.experiments.request import check
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial


@dataclass(frozen=True)
class PlannedExperiment:
    """An experiment file and the trials that it plans.

    experiment: the file's content.
    trials: the first trial of each variant by the variant's name, with components and settings resolved.
    """

    experiment: Experiment
    trials: Mapping[str, Trial]


def compared_by(claim: Claim) -> tuple[str, ...]:
    """Return what a claim compares, in its order: variants, values of an axis and numbers, or whole axes."""
    match claim.relation:
        case Monotone(axis=axis):
            return (axis,)
        case Interaction(first=first, second=second):
            return (first, second)
        case ordering:
            return tuple(operand.name for operand in ordering.operands)


def plan_experiment(path: Path, plugin: str, registry: Registry | None = None) -> PlannedExperiment:
    """Read a plugin's experiment file and plan it; nothing is trained.

    Raises DlbenchError for components and settings that do not exist, and for reported figures and claims that name no
    variant, with file and line.
    """
    experiment = load_experiment(path, plugin)
    plan = check(experiment, registry or Registry.load())
    variants = [*plan.variants, *(veto.variant for veto in plan.vetoes)]
    return PlannedExperiment(experiment, {variant.label: variant.trial for variant in variants})


def make_trial(
    registry: Registry,
    input_shape: tuple[int, int, int] | None = None,
    num_classes: int | None = None,
    **values: str,
) -> Trial:
    """Return a trial of seed 0 from components and settings as users write them: `model="mlp", epochs="3"`.

    input_shape, num_classes: those of the images that it will get, where the data set does not declare them.
    """
    request = Request(values={name: (text,) for name, text in values.items()}, seeds=[0])
    trial = build(request, registry).trials[0]
    return replace(trial, input_shape=input_shape or trial.input_shape, num_classes=num_classes or trial.num_classes)
