"""Gradient norms against derivatives by hand, noise against a known covariance."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlbench.standard.diagnostics.gradients import (
    gradient_noise_scale,
    gradient_norm,
    noise_estimates,
    update_ratio,
    weights_by_layer,
)

RANDOM = np.random.default_rng(0)


def test_gradients_of_a_two_layer_network_are_those_derived_by_hand():
    """300 images, so that the probe is run in parts. tanh between two layers, cross-entropy on top."""
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    x, labels = RANDOM.normal(size=(300, 4)), RANDOM.integers(0, 3, 300)
    w1, b1, w2, b2 = (p.detach().numpy() for p in model.parameters())
    hidden = np.tanh(x @ w1.T + b1)
    logits = hidden @ w2.T + b2
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shares[np.arange(300), labels] -= 1
    d_logits = shares / 300
    d_w2 = d_logits.T @ hidden
    d_w1 = ((d_logits @ w2) * (1 - hidden**2)).T @ x
    first, last = (np.linalg.norm(d) / math.sqrt(d.size) for d in (d_w1, d_w2))
    found = list(gradient_norm(model, torch.from_numpy(x), torch.from_numpy(labels), F.cross_entropy))
    assert [(layer, name) for layer, name, _ in found] == [
        ("0", "gradient_norm"),
        ("2", "gradient_norm"),
        ("", "vanishing_ratio"),
    ]
    assert [value for *_, value in found] == pytest.approx([first, last, first / last], rel=1e-10)


class Backwards(nn.Module):
    """Its layers stand in the order opposite to their work; one is a bare parameter, one is frozen."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 3)
        self.middle = nn.Parameter(torch.randn(4, 4))
        self.norm = nn.BatchNorm1d(4)
        self.body = nn.Linear(6, 4)
        self.frozen = nn.Linear(6, 6)
        self.frozen.requires_grad_(False)

    def forward(self, x):
        return self.head(self.norm(F.linear(self.body(self.frozen(x)), self.middle)))


def test_layers_are_ordered_as_they_work_not_as_they_are_declared():
    assert list(weights_by_layer(Backwards().eval(), torch.randn(3, 6))) == ["body", "middle", "head"]


def test_a_layer_that_gets_no_gradient_has_a_norm_of_zero():
    class Unused(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(4, 3))
            self.spare = nn.Linear(4, 4)

        def forward(self, x):
            return self[0](x)

    found = {
        layer: value
        for layer, _, value in gradient_norm(Unused(), torch.randn(8, 4), torch.zeros(8).long(), F.cross_entropy)
    }
    assert found["spare"] == 0
    assert math.isnan(found[""])  # there is no ratio to nothing


def test_the_update_ratio_compares_the_weights_of_each_layer_before_and_after():
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    after = {name: 1.25 * p for name, p in before.items()}
    found = update_ratio(
        model, torch.randn(3, 4), None, None, update={name: (before[name], after[name]) for name in before}
    )
    assert [(layer, value) for layer, _, value in found] == [("0", pytest.approx(0.25)), ("1", pytest.approx(0.25))]


def test_the_noise_scale_of_synthetic_gradients_of_known_covariance_is_within_ten_percent():
    """Per-image gradients g ~ N(G, diag(s²)): tr Σ = Σ s², and batches of b have covariance Σ / b."""
    mean, deviations = RANDOM.normal(size=50), RANDOM.uniform(0.5, 3, 50)
    small, large, draws = 32, 256, 4000
    norms = {
        size: ((mean + RANDOM.normal(size=(draws, 50)) * deviations / math.sqrt(size)) ** 2).sum(1)
        for size in (small, large)
    }
    squared, trace = noise_estimates(list(norms[small]), list(norms[large]), small, large)
    assert trace == pytest.approx((deviations**2).sum(), rel=0.1)
    assert trace / squared == pytest.approx((deviations**2).sum() / (mean**2).sum(), rel=0.1)


class Mean(nn.Module):
    """Its loss |w − x|²/2, averaged, has the gradient w − mean x: the images are the noise."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, size))

    def forward(self, x):
        return self.weight - x


def test_the_noise_scale_is_measured_over_training_batches():
    deviation, size = 2.0, 20
    images = deviation * torch.randn(60_000, size, generator=torch.Generator().manual_seed(0))

    def batches(count):
        return ((part, torch.zeros(len(part))) for part in images.split(count))

    found = gradient_noise_scale(
        Mean(size),
        None,
        None,
        lambda difference, _: difference.square().sum(1).mean() / 2,
        training_batches=batches,
        batches=200,
    )
    values = {name: value for _, name, value in found}
    assert values["gradient_variance"] == pytest.approx(size * deviation**2, rel=0.1)
    assert values["gradient_noise_scale"] == pytest.approx(deviation**2, rel=0.1)


def test_too_few_images_for_one_large_batch_is_said():
    with pytest.raises(ValueError, match="fewer than 256 training images"):
        list(
            gradient_noise_scale(
                Mean(2), None, None, lambda d, _: d.square().mean(), training_batches=lambda _: iter(())
            )
        )
