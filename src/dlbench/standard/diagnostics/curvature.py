"""Diagnostics of the loss's shape: sharpness, and the largest eigenvalue of the Hessian."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dlbench.standard.diagnostics.double import in_double
from dlbench.standard.diagnostics.gradients import Loss, mean_gradient, squared_norm, trained_parameters
from dlbench.standard.diagnostics.seeing import CHUNK

Values = Iterator[tuple[str, str, float]]
Vector = list[Tensor]
#: Length of the step of a difference quotient, relative to the weights.
_STEP = 1e-3


def sharpness(model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Loss, radius: float = 0.05) -> Values:
    """Give L(w + ρ g/‖g‖) − L(w): by how much the loss rises a step of length ρ along its gradient g.

    Foret et al. 2021, arXiv 2010.01412, the first-order maximum over the ball of sharpness-aware minimisation.
    """
    parameters = trained_parameters(model)
    gradient = mean_gradient(model, probe_images, probe_labels, loss, parameters)
    before = _mean_loss(model, probe_images, probe_labels, loss)
    length = math.sqrt(squared_norm(gradient))
    with _moved(parameters, gradient, radius / length if length else 0.0):
        risen = _mean_loss(model, probe_images, probe_labels, loss)
    yield "", "sharpness", risen - before


def hessian_eigenvalue(
    model: nn.Module,
    probe_images: Tensor,
    probe_labels: Tensor,
    loss: Loss,
    *,
    learning_rate: float,
    images: int = 64,
    steps: int = 50,
    tolerance: float = 1e-3,
) -> Values:
    """Give the largest eigenvalue of the Hessian, and 2 / learning rate, beyond which gradient descent is not stable.

    Yao et al. 2020, arXiv 1912.07145 (Hessian-vector products); Cohen et al. 2021, arXiv 2103.00065 (the edge of
    stability). images: of the probe, as a product takes the time and the memory of several training steps. steps:
    products at most; tolerance: the relative change at which they end. Of a model that cannot be differentiated twice,
    products are difference quotients.
    """
    products = _Products(model, probe_images[:images], probe_labels[:images], loss)
    yield "", "hessian_eigenvalue", largest_eigenvalue(products, products.parameters, steps, tolerance)
    yield "", "stability_limit", 2 / learning_rate if learning_rate else math.inf


def largest_eigenvalue(
    product: Callable[[Vector], Vector], like: Sequence[Tensor], steps: int = 50, tolerance: float = 1e-3
) -> float:
    """Return the largest eigenvalue of a symmetric operator by Lanczos' recurrence.

    It searches the space that power iteration walks through, so it needs fewer products, and it finds the largest
    eigenvalue where a negative one is larger in size. Ends after two changes in a row below the tolerance.
    """
    vector = _scaled([torch.randn_like(tensor) for tensor in like])
    before, beta = [torch.zeros_like(tensor) for tensor in like], 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    values: list[float] = []
    for _ in range(min(steps, sum(tensor.numel() for tensor in like))):
        image = product(vector)
        diagonal.append(_dot(image, vector))
        image = [h - diagonal[-1] * v - beta * b for h, v, b in zip(image, vector, before, strict=True)]
        values.append(_largest_of_tridiagonal(diagonal, beside))
        beta = math.sqrt(squared_norm(image))
        if not math.isfinite(beta) or beta <= 1e-7 * abs(values[-1]) or _settled(values, tolerance):
            break
        beside.append(beta)
        before, vector = vector, [h / beta for h in image]
    return values[-1]


def _settled(values: Sequence[float], tolerance: float) -> bool:
    changes = [abs(values[place] - values[place - 1]) for place in range(-2, 0)] if len(values) > 2 else [math.inf]
    return max(changes) <= tolerance * abs(values[-1])


def _largest_of_tridiagonal(diagonal: Sequence[float], beside: Sequence[float]) -> float:
    matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    if beside:
        matrix += torch.diag(torch.tensor(beside, dtype=torch.float64), -1)
    return float(torch.linalg.eigvalsh(matrix)[-1]) if matrix.isfinite().all() else math.nan


class _Products:
    """Hessian-vector products of the mean loss over some images: exact, or difference quotients of gradients."""

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor, loss: Loss) -> None:
        self.model = model
        self.images = images
        self.labels = labels
        self.loss = loss
        self.parameters = trained_parameters(model)
        self.exact = True
        self._kept: Vector | None = None

    def __call__(self, vector: Vector) -> Vector:
        if self.exact:
            try:
                return self._differentiate(vector)
            except RuntimeError as error:
                if isinstance(error, torch.OutOfMemoryError):
                    raise
                self.exact = False  # a function of the model has no second derivative
        return self._quotient(vector)

    def _differentiate(self, vector: Vector) -> Vector:
        """Return the gradient of gradient · vector; the graph of a single part is kept for the next product."""
        total = [torch.zeros_like(parameter) for parameter in self.parameters]
        alone = len(self.labels) <= CHUNK
        for images, labels in zip(self.images.split(CHUNK), self.labels.split(CHUNK), strict=True):
            gradient = self._kept if self._kept is not None else self._gradient(images, labels)
            self._kept = gradient if alone else None
            found = torch.autograd.grad(gradient, self.parameters, vector, retain_graph=alone, allow_unused=True)
            for place, part in zip(total, found, strict=True):
                if part is not None:
                    place += part * (len(labels) / len(self.labels))
        return total

    def _gradient(self, images: Tensor, labels: Tensor) -> Vector:
        value = self.loss(self.model(images), labels)
        found = torch.autograd.grad(value, self.parameters, create_graph=True, allow_unused=True)
        if any(gradient is not None and not gradient.requires_grad for gradient in found):
            raise RuntimeError("a gradient does not depend on the weights, as far as autograd can tell")
        return [0 * p if g is None else g for g, p in zip(found, self.parameters, strict=True)]

    def _quotient(self, vector: Vector) -> Vector:
        step = _STEP * max(1.0, math.sqrt(squared_norm(self.parameters)))
        ends = []
        for length in (step, -step):
            with _moved(self.parameters, vector, length):
                ends.append(mean_gradient(self.model, self.images, self.labels, self.loss, self.parameters))
        return [(high - low) / (2 * step) for high, low in zip(*ends, strict=True)]


def _mean_loss(model: nn.Module, images: Tensor, labels: Tensor, loss: Loss) -> float:
    with torch.no_grad():
        parts = zip(images.split(CHUNK), labels.split(CHUNK), strict=True)
        return math.fsum(float(loss(model(part), target)) * len(target) for part, target in parts) / len(labels)


@contextmanager
def _moved(parameters: Sequence[Tensor], direction: Sequence[Tensor], length: float) -> Iterator[None]:
    """Move the parameters along a direction for a while; they come back to the last bit."""
    kept = [parameter.detach().clone() for parameter in parameters]
    with torch.no_grad():
        for parameter, part in zip(parameters, direction, strict=True):
            parameter.add_(part, alpha=length)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, before in zip(parameters, kept, strict=True):
                parameter.copy_(before)


def _dot(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    products = (in_double(one) * in_double(other) for one, other in zip(first, second, strict=True))
    return math.fsum(float(product.sum()) for product in products)


def _scaled(vector: Vector) -> Vector:
    length = math.sqrt(squared_norm(vector))
    return [part / length for part in vector]
