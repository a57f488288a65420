"""Sharpness and the largest eigenvalue, against scipy's of the whole Hessian."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import nn
from torch.autograd import Function
from torch.nn import functional as F

from dlbench.standard.diagnostics.curvature import hessian_eigenvalue, largest_eigenvalue, sharpness

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _one_seed():
    torch.manual_seed(0)


class Weights(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(start)

    def forward(self, x):
        return self.weight.expand(len(x), -1)


def quadratic(matrix):
    return lambda w, _: (w[:1] @ matrix @ w[0]).sum() / 2


def symmetric(eigenvalues):
    basis, _ = np.linalg.qr(RANDOM.normal(size=(len(eigenvalues), len(eigenvalues))))
    return torch.from_numpy(basis * eigenvalues @ basis.T)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ratio", [0.9, 0.5])
@pytest.mark.parametrize("lowest", [0.0, -5.0])
def test_a_quadratic_s_eigenvalue_is_found_within_a_thousandth(seed, ratio, lowest):
    """A spectral gap of at least 10 %; with negative eigenvalues, that are larger in size than the largest, too."""
    random = np.random.default_rng(seed)
    spectrum = np.concatenate([[2.0], 2 * ratio * np.sort(random.uniform(0, 1, 58))[::-1], [lowest]])
    spectrum[1] = 2 * ratio
    torch.manual_seed(seed)
    matrix = symmetric(spectrum)
    model, x = Weights(torch.randn(60, dtype=torch.float64)), torch.zeros(3, 1)
    found = {name: value for _, name, value in hessian_eigenvalue(model, x, x, quadratic(matrix), learning_rate=0.1)}
    assert found["hessian_eigenvalue"] == pytest.approx(linalg.eigvalsh(matrix)[-1], rel=1e-3)
    assert found["stability_limit"] == 20


def test_two_equal_and_a_single_eigenvalue_are_no_trouble():
    product = lambda v: [3 * v[0]]  # noqa: E731
    assert largest_eigenvalue(product, [torch.zeros(4)]) == pytest.approx(3)
    assert largest_eigenvalue(lambda v: [0 * v[0]], [torch.zeros(4)]) == 0
    assert largest_eigenvalue(product, [torch.zeros(1)]) == pytest.approx(3)


def test_a_loss_that_is_not_finite_has_no_eigenvalue():
    assert math.isnan(largest_eigenvalue(lambda v: [math.nan * v[0]], [torch.zeros(4)]))


@pytest.mark.parametrize("images", [40, 200])
def test_a_network_s_eigenvalue_is_that_of_its_whole_hessian(images):
    """40 images run at once, with the graph kept; 200 in two parts."""
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    x = torch.randn(images, 4, dtype=torch.float64)
    labels = torch.randint(3, (images,))
    names, values = zip(*model.named_parameters(), strict=True)
    sizes = [value.numel() for value in values]

    def loss_of(flat):
        parts = [part.view_as(v) for part, v in zip(flat.split(sizes), values, strict=True)]
        logits = torch.func.functional_call(model, dict(zip(names, parts, strict=True)), x)
        return F.cross_entropy(logits, labels)

    whole = torch.autograd.functional.hessian(loss_of, torch.cat([v.detach().flatten() for v in values]))
    expected = linalg.eigvalsh(whole.numpy())[-1]
    found = next(
        iter(hessian_eigenvalue(model, x, labels, F.cross_entropy, learning_rate=0.1, images=images, tolerance=1e-5))
    )
    assert found[2] == pytest.approx(expected, rel=1e-3)


class Square(Function):
    """x², whose backward cannot be differentiated again."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dy):
        return 2 * ctx.saved_tensors[0] * dy


def test_a_model_that_cannot_be_differentiated_twice_is_measured_by_quotients():
    weights = torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64)
    model, x = Weights(torch.ones(3, dtype=torch.float64)), torch.zeros(2, 1)
    loss = lambda w, _: (weights * Square.apply(w[0])).sum()  # noqa: E731  # its Hessian is 2 · diag(weights)
    found = next(iter(hessian_eigenvalue(model, x, x, loss, learning_rate=1.0)))
    assert found[2] == pytest.approx(6, rel=1e-6)


def test_a_gradient_that_hides_its_dependence_on_the_weights_is_not_taken_for_flat():
    """numpy-mlp's way: a backward that computes outside autograd. 3 w² has the second derivative 6."""

    class Hidden(Function):
        @staticmethod
        def forward(ctx, w):
            ctx.save_for_backward(w)
            return 3 * w.square()

        @staticmethod
        def backward(ctx, dy):
            return dy * 6 * ctx.saved_tensors[0].detach()

    model, x = Weights(torch.ones(2, dtype=torch.float64)), torch.zeros(2, 1)
    found = next(iter(hessian_eigenvalue(model, x, x, lambda w, _: Hidden.apply(w[0]).sum(), learning_rate=1.0)))
    assert found[2] == pytest.approx(6, rel=1e-6)


def test_sharpness_of_a_quadratic_is_the_rise_along_its_gradient():
    matrix = symmetric(np.linspace(0.1, 4, 20))
    start = torch.randn(20, dtype=torch.float64)
    g = matrix @ start
    step = 0.05 * g / g.norm()
    expected = (start + step) @ matrix @ (start + step) / 2 - start @ matrix @ start / 2
    x = torch.zeros(300, 1)
    ((_, _, found),) = sharpness(Weights(start.clone()), x, x, quadratic(matrix))
    assert found == pytest.approx(float(expected), rel=1e-9)


def test_sharpness_where_the_gradient_is_zero_is_nothing():
    x = torch.zeros(2, 1)
    ((_, _, found),) = sharpness(
        Weights(torch.zeros(3, dtype=torch.float64)), x, x, quadratic(torch.eye(3, dtype=torch.float64))
    )
    assert found == 0
