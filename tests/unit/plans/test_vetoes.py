from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dlbench.components.choice import Selection
from dlbench.plans.vetoes import nothing_left, veto_reason
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial

Install = Callable[..., None]

MODELS = """
    from dlbench import Model, hookimpl

    @hookimpl
    def dlbench_models():
        return [
            Model(name="plain", factory="a:b"),
            Model(name="large", factory="a:b", minimum_size=32),
            Model(name="own", factory="a:b", activation="own"),
            Model(name="none", factory="a:b", activation=None),
            Model(name="cpu-only", factory="a:b", devices=("cpu",), precisions=("float32",)),
        ]

    @hookimpl
    def dlbench_veto(trial):
        return "seven is unlucky" if trial.settings.threads == 7 else None
"""


@pytest.fixture
def strange(install: Install) -> Registry:
    install("strange", MODELS)
    return Registry.load()


def trial(model: str, activation: str = "standard/relu", shape: Any = (3, 32, 32), **settings: Any) -> Trial:
    return Trial(
        model=Selection(f"strange/{model}"),
        activation=Selection(activation),
        dataset=Selection("standard/cifar10"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=replace(Settings(), **settings),
        seed=0,
        input_shape=shape,
    )


@pytest.mark.parametrize(
    "possible",
    [
        trial("plain"),
        trial("large"),
        trial("large", shape=None),
        trial("own"),
        trial("own", activation="own"),
        trial("none", activation="none"),
        trial("cpu-only", device="cpu"),
        trial("cpu-only", device="auto", precision="auto"),
        trial("plain", device="cuda", precision="bfloat16"),
    ],
)
def test_what_can_be_is_not_vetoed(strange: Registry, possible: Trial) -> None:
    assert veto_reason(possible, strange) == ""


@pytest.mark.parametrize(
    ("impossible", "words"),
    [
        (trial("large", shape=(3, 31, 32)), ["31×32", "too small", "large", "32×32"]),
        (trial("large", shape=(3, 32, 28)), ["32×28", "too small"]),
        (trial("none"), ["none has no activation to vary"]),
        (trial("plain", activation="own"), ["plain has no activation of its own"]),
        (trial("cpu-only", device="cuda"), ["cpu-only does not run on cuda"]),
        (trial("cpu-only", precision="bfloat16"), ["cpu-only does not run in bfloat16"]),
        (trial("plain", threads=7), ["seven is unlucky", "strange"]),
    ],
)
def test_what_cannot_be_is_vetoed_with_its_reason(strange: Registry, impossible: Trial, words: list[str]) -> None:
    assert all(word in veto_reason(impossible, strange) for word in words)


def test_a_reason_of_many_combinations_is_named_once(strange: Registry) -> None:
    error = nothing_left([(trial("none", seed), "it rains") for seed in ("a", "b")], strange)
    assert error.message.count("it rains") == 1
    assert error.exit_code == 2
    assert error.hint


def test_only_models_that_take_the_images_are_offered(strange: Registry) -> None:
    small = trial("large", shape=(1, 8, 8))
    offered = nothing_left([(small, "too small")], strange).hint
    assert "mlp" in offered
    assert "large" not in offered
