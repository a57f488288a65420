"""Dead and dormant units, saturation, statistics: against counts by hand, on modules and on functions."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbench.standard.diagnostics.seeing import see_activations
from dlbench.standard.diagnostics.units import activations, dead_units, dormant_units, saturation

PROBE = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
IMAGES = torch.randn(20, 2, 5, 5, generator=torch.Generator().manual_seed(1))


def measured(diagnostic, model, probe=PROBE, **parameters):
    found = diagnostic(model.eval(), probe, torch.zeros(len(probe), dtype=torch.int64), None, **parameters)
    return {(layer, name): value for layer, name, value in found}


def biased(activation, bias):
    layer = nn.Linear(6, 8)
    nn.init.constant_(layer.bias, bias)
    return nn.Sequential(layer, activation)


def test_a_layer_with_a_bias_of_minus_a_million_is_all_dead():
    assert measured(dead_units, biased(nn.ReLU(), -1e6)) == {("1", "dead_units"): 1.0}
    assert measured(dead_units, biased(nn.ReLU(), 1e6)) == {("1", "dead_units"): 0.0}


@pytest.mark.parametrize("activation", [nn.LeakyReLU(0.01), nn.PReLU(), nn.RReLU()])
def test_leaky_units_are_never_dead(activation):
    assert measured(dead_units, biased(activation, -1e6)) == {("1", "dead_units"): 0.0}


def test_a_dead_unit_is_one_that_is_zero_on_every_image():
    layer = nn.Linear(6, 30)
    with torch.no_grad():
        layer.bias.copy_(torch.linspace(-4, 0, 30))
    answers = layer(PROBE).detach().numpy()
    by_hand = sum(all(answers[image, unit] <= 0 for image in range(40)) for unit in range(30)) / 30
    assert 0 < by_hand < 1
    found = measured(dead_units, nn.Sequential(layer, nn.ReLU()))
    assert found["1", "dead_units"] == pytest.approx(by_hand)


def test_a_convolution_s_unit_is_its_channel_at_every_position():
    layer = nn.Conv2d(2, 3, 3)
    with torch.no_grad():
        layer.weight[1].zero_()
        layer.bias.copy_(torch.tensor([0.0, -1.0, 0.0]))
    assert measured(dead_units, nn.Sequential(layer, nn.ReLU()), IMAGES)["1", "dead_units"] == pytest.approx(1 / 3)


def test_units_of_a_linear_layer_on_channels_last_features_are_the_features():
    class Pointwise(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 4)
            nn.init.zeros_(self.linear.weight)
            with torch.no_grad():
                self.linear.bias.copy_(torch.tensor([-1.0, -1.0, -1.0, 1.0]))

        def forward(self, x):
            return F.relu(self.linear(x.permute(0, 2, 3, 1)))

    assert measured(dead_units, Pointwise(), IMAGES) == {("relu", "dead_units"): 0.75}


def test_dormant_units_are_those_far_below_their_layer_s_mean():
    layer = nn.Linear(6, 10)
    with torch.no_grad():
        layer.weight[:4] *= 1e-3
        layer.bias[:4] *= 1e-3
    h = np.abs(np.maximum(layer(PROBE).detach().numpy(), 0))
    scores = h.mean(0) / h.mean()
    found = measured(dormant_units, nn.Sequential(layer, nn.ReLU()))
    assert found["1", "dormant_units"] == pytest.approx((scores <= 0.025).mean())
    assert found["1", "dormant_units"] >= 0.4
    assert measured(dormant_units, biased(nn.ReLU(), -1e6)) == {("1", "dormant_units"): 1.0}


class Gain(nn.Module):
    def __init__(self, gain, function):
        super().__init__()
        self.gain, self.function = gain, function

    def forward(self, x):
        return self.function(self.gain * x)


def test_tanh_with_a_gain_of_a_hundred_on_normal_inputs_saturates():
    assert measured(saturation, Gain(100.0, nn.Tanh()))["function", "saturation"] >= 0.95
    assert measured(saturation, Gain(100.0, torch.tanh))["tanh", "saturation"] >= 0.95
    assert measured(saturation, Gain(0.01, torch.tanh))["tanh", "saturation"] == 0


@pytest.mark.parametrize(
    ("function", "saturated"),
    [
        (torch.tanh, lambda a: np.abs(a) > math.sqrt(0.95)),
        (torch.sigmoid, lambda a: a * (1 - a) < 0.05 * 0.25),
    ],
)
def test_saturation_follows_the_definition_by_the_output(function, saturated):
    inputs = 3 * PROBE
    by_hand = saturated(function(inputs.double()).numpy()).mean()
    assert 0.01 < by_hand < 0.9
    (found,) = measured(saturation, Gain(3.0, function)).values()
    assert found == pytest.approx(by_hand, abs=0.005)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU(), nn.Softplus(), nn.LeakyReLU(), nn.SiLU()])
def test_activations_that_are_not_bounded_have_no_saturation(activation):
    assert measured(saturation, biased(activation, 0.0)) == {}


@pytest.mark.parametrize("activation", [nn.Hardtanh(), nn.ReLU6(inplace=True), nn.Hardsigmoid(), nn.Softsign()])
def test_other_bounded_activations_have_one_in_place_too(activation):
    (found,) = measured(saturation, biased(activation, 1e6)).values()
    assert found == 1.0


def test_mean_and_deviation_are_numpy_s():
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh())
    found = measured(activations, model)
    entries = model(PROBE).detach().numpy()
    assert found["1", "activation_mean"] == pytest.approx(entries.mean(), rel=1e-5)
    assert found["1", "activation_deviation"] == pytest.approx(entries.std(), rel=1e-5)


def test_a_diverged_network_has_no_value_rather_than_a_healthy_one():
    model = biased(nn.Tanh(), math.nan)
    assert math.isnan(measured(saturation, model)["1", "saturation"])
    assert math.isnan(measured(dormant_units, model)["1", "dormant_units"])


class Snake(nn.Module):
    """A stranger's activation, made of functions that are none."""

    def forward(self, x):
        return x + torch.sin(x) ** 2


class Swish(nn.Module):
    """A stranger's activation with another inside."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Sigmoid()

    def forward(self, x):
        return x * self.gate(x)


class Scale(nn.Module):
    def forward(self, x):
        return 2 * x - 1


class Stranger(nn.Module):
    """Nested modules, one activation used twice, functions of every spelling, in place and not."""

    def __init__(self):
        super().__init__()
        self.block = nn.ModuleDict({"first": nn.Linear(6, 5), "act": Snake(), "shared": nn.ReLU()})
        self.swish = Swish()
        self.scale = Scale()
        self.norm = nn.LayerNorm(5)
        self.dropout = nn.Dropout(0.5)
        self.softmax = nn.Softmax(1)

    def forward(self, x):
        x = self.block["act"](self.block["first"](x))
        x = self.block["shared"](self.block["shared"](x))
        x = self.dropout(self.norm(self.scale(self.swish(x))))
        x = F.leaky_relu(F.relu(x.tanh().relu_()), 0.1)
        x = torch.sigmoid(F.gelu(x)).clamp(min=0)
        return self.softmax(x)


def test_activations_of_a_stranger_s_nested_model_are_seen_in_the_order_of_their_work():
    seen = []
    see_activations(Stranger().eval(), PROBE, lambda one: seen.append(one.layer))
    assert seen == [
        "block.act",
        "block.shared",
        "block.shared-2",
        "swish",
        "tanh",
        "relu",
        "relu-2",
        "leaky_relu",
        "gelu",
        "sigmoid",
        "relu-3",
    ]


FUNCTIONS = (
    *(F.relu, F.relu_, F.relu6, F.leaky_relu, F.rrelu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.softplus),
    *(F.hardswish, F.hardtanh, F.hardtanh_, F.hardsigmoid, F.tanh, torch.tanh_, F.sigmoid, F.logsigmoid, F.softsign),
    *(F.tanhshrink, F.softshrink, F.hardshrink, Tensor.sigmoid, partial(F.prelu, weight=torch.tensor([0.1]))),
    *(partial(function, threshold=0.1, value=0.0) for function in (F.threshold, F.threshold_, torch.threshold)),
    partial(F.threshold, threshold=0.1, value=0.0, inplace=True),
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: getattr(one, "func", one).__name__)
def test_each_of_torch_s_activation_functions_is_seen_once(function):
    found = measured(activations, Gain(1.0, function))
    assert [name for _, name in found] == ["activation_mean", "activation_deviation"]
    (mean, _) = found.values()
    assert mean == pytest.approx(function(PROBE.clone()).mean().item(), abs=1e-5)


def test_what_is_seen_is_what_the_network_computes_and_nothing_of_it_changes():
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU6(inplace=True), nn.Linear(5, 3)).eval()
    expected = model(PROBE).detach()
    seen = []
    see_activations(model, PROBE, seen.append)
    assert torch.equal(seen[0].output, F.relu6(model[0](PROBE)))
    assert torch.equal(seen[0].input, model[0](PROBE))
    assert torch.equal(model(PROBE), expected)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
