"""Every built-in diagnostic works on every model of the report plugins, including the one in NumPy."""

import math
from dataclasses import replace
from pkgutil import resolve_name

import pytest
import torch
from torch.nn import functional as F

from dlbench.engine.diagnostics import resolve_diagnostics
from dlbench.engine.factories import build_model
from dlbench.plans.build import build
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry

REGISTRY = Registry.load()
PLUGINS = ("foundations", "cnn-settings", "resnet-depth", "convnet-basics")
MODELS = [entry.name for entry in REGISTRY.entries("models") if entry.plugin.name in PLUGINS]
#: Diagnostics with values by layer on every network; saturation only has them for bounded activations.
BY_LAYER = ("dead_units", "dormant_units", "activation_mean", "gradient_norm", "update_ratio")


def measure(model, images, labels):
    """Run the built-in diagnostics as the engine does, with the probe itself as batches."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    given = {
        "training_batches": lambda size: zip(images.split(size), labels.split(size), strict=True),
        "held_out_batches": lambda size: zip(images.split(size), labels.split(size), strict=True),
        "update": {name: (p, 1.001 * p) for name, p in before.items()},
        "step_losses": ([1.0] * 30,),
        "learning_rate": 0.1,
    }
    diagnostics = read_diagnostics(
        ["all,gradient-noise-scale:small=2:large=4:batches=1,hessian-eigenvalue:steps=2"], REGISTRY
    )
    found = {}
    for chosen in resolve_diagnostics(diagnostics, REGISTRY):
        parameters = dict(chosen.selection.parameters) | {name: given[name] for name in chosen.record.needs}
        for layer, name, value in resolve_name(chosen.record.factory)(
            model, images, labels, F.cross_entropy, **parameters
        ):
            found.setdefault(name, {})[layer] = float(value)
    return found


#: The others take half a minute together.
QUICK = ("foundations/numpy-mlp", "foundations/lenet5", "convnet-basics/three-layer-convnet-functional")
CASES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MODELS]


@pytest.mark.parametrize("name", CASES)
def test_every_diagnostic_has_its_values_on_every_model_of_the_reports(name):
    trial = build(Request(values={"model": (name,), "dataset": ("cifar10",)}, seeds=1), REGISTRY).variants[0].trial
    model = build_model(replace(trial, input_shape=(3, 32, 32), num_classes=10), REGISTRY).eval()
    found = measure(model, torch.rand(4, 3, 32, 32), torch.tensor([0, 1, 2, 3]))
    assert all(found[value] for value in BY_LAYER), found
    assert all(math.isfinite(x) for value in BY_LAYER for x in found[value].values())
    assert all(value == pytest.approx(0.001, rel=1e-3) for value in found["update_ratio"].values())
    assert math.isfinite(found["hessian_eigenvalue"][""])
    assert math.isfinite(found["sharpness"][""])
    assert "saturation" not in found  # all activations are ReLUs


def test_all_models_of_the_four_plugins_are_tested():
    assert {name.partition("/")[0] for name in MODELS} == set(PLUGINS)
    assert len(MODELS) >= 14
