from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.naming import find_baseline
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical, canonical_judging
from dlbench.plugins.registry import Registry

WRITTEN = Request(
    values={
        "Activation": ("Swish", "ReLU", "LeakyReLU:Negative-Slope=0.2"),
        "lr": ("0.01",),
        "BS": ("32",),
        "optimizer": ("AdamW:wd=0.1",),
        "loss": ("ce",),
        "Scheduler": ("CosineAnnealingLR",),
    },
    judging={"metric": "val_acc", "baseline": "swish"},
    seeds=2,
)
CANONICAL = Request(
    values={
        "activation": ("silu", "relu", "leaky-relu:negative_slope=0.2"),
        "learning_rate": ("0.01",),
        "batch_size": ("32",),
        "optimizer": ("adamw:weight_decay=0.1",),
        "loss": ("cross-entropy",),
        "scheduler": ("cosine-annealing",),
    },
    judging={"metric": "validation_accuracy", "baseline": "silu"},
    seeds=2,
)


def test_a_request_means_the_same_however_it_is_spelled(registry: Registry) -> None:
    assert canonical(WRITTEN, registry) == CANONICAL


def test_a_canonical_request_is_unchanged(registry: Registry) -> None:
    assert canonical(CANONICAL, registry) == CANONICAL


def test_spelling_decides_neither_identities_nor_labels_nor_the_folder(registry: Registry) -> None:
    written, plain = build(WRITTEN, registry), build(CANONICAL, registry)
    assert [trial.trial_id for trial in written.trials] == [trial.trial_id for trial in plain.trials]
    assert [variant.label for variant in written.variants] == ["silu", "relu", "leaky-relu:negative_slope=0.2"]
    assert written.name == plain.name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sgd+momentum", "sgd:momentum=0.9"),
        ("SGD with momentum", "sgd:momentum=0.9"),
        ("Nesterov", "sgd:momentum=0.9:nesterov=true"),
        ("sgd-momentum:momentum=0.5", "sgd:momentum=0.5"),
        ("torch.optim.RMSprop", "rmsprop"),
    ],
)
def test_an_alias_may_stand_for_parameters(registry: Registry, written: str, meant: str) -> None:
    changed = canonical(Request(values={"optimizer": (written,)}), registry)
    assert changed.values["optimizer"] == (meant,)


def test_only_aliases_are_noted(registry: Registry) -> None:
    registry.take_aliases()
    canonical(Request(values={"activation": ("ReLU", "Swish"), "loss": ("MSE", "ce")}), registry)
    assert registry.take_aliases() == {"Swish": "silu", "ce": "cross-entropy"}
    assert registry.take_aliases() == {}


def test_an_axis_under_two_names_is_refused(registry: Registry) -> None:
    with pytest.raises(DlbenchError, match="learning-rate is given twice"):
        canonical(Request(values={"lr": ("0.1",), "learning_rate": ("0.2",)}), registry)


def test_a_parameter_under_two_names_is_refused(registry: Registry) -> None:
    with pytest.raises(DlbenchError, match="given weight_decay twice"):
        build(Request(values={"optimizer": ("adamw:wd=0.1:weight_decay=0.2",)}), registry)


def test_a_variants_keys_and_values_are_resolved_and_its_label_is_not(registry: Registry) -> None:
    request = replace(WRITTEN, values={}, variants=[{"label": "Swish", "act": "Swish", "lr": "0.1"}], judging={})
    assert canonical(request, registry).variants == ({"label": "Swish", "activation": "silu", "learning_rate": "0.1"},)


@pytest.mark.parametrize("written", ["swish", "Swish", "SiLU", "torch.nn.SiLU"])
def test_an_earlier_run_is_asked_in_any_spelling(registry: Registry, make_plan, written: str) -> None:
    asked = canonical_judging({"baseline": written, "metric": "val_acc"}, make_plan(["relu", "silu"]), registry)
    assert find_baseline(asked["baseline"], {"relu": {}, "silu": {}}) == "silu"
    assert asked["metric"] == "validation_accuracy"


def test_a_label_wins_over_an_alias(registry: Registry, make_plan) -> None:
    assert canonical_judging({"baseline": "swish"}, make_plan(["silu", "swish"]), registry)["baseline"] == "swish"
