"""Diagnostics of activations, a value a layer: dead and dormant units, saturation, mean and deviation."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.standard.diagnostics.double import in_double
from dlbench.standard.diagnostics.elementwise import slopes, steepest_slope
from dlbench.standard.diagnostics.seeing import Seen, see_activations

Values = Iterator[tuple[str, str, float]]
#: A slope below this passes no gradient on.
_FLAT = 1e-6
#: Of the steepest slope: where an activation counts as saturated.
_SATURATED = 0.05


def dead_units(model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Any) -> Values:
    """Give each layer's share of units that are ≤ 0 and flat on every image and position of the probe.

    A convolution's unit is its channel. After Lu et al. 2019, arXiv 1903.06733: a ReLU that is zero for all inputs.
    That its slope is zero too is what sets it apart from a leaky unit, which still learns.
    """
    alive: dict[str, Tensor] = {}

    def see(seen: Seen) -> None:
        works = (seen.output > 0) | (slopes(seen.function, seen.input).abs() >= _FLAT) | seen.output.isnan()
        found = seen.by_unit(works).any(1)
        alive[seen.layer] = alive.get(seen.layer, False) | found

    see_activations(model, probe_images, see)
    for layer, found in alive.items():
        yield layer, "dead_units", 1 - float(found.float().mean())


def dormant_units(
    model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Any, threshold: float = 0.025
) -> Values:
    """Give each layer's share of units with s ≤ threshold, s = mean|h| of the unit over the layer's mean of it.

    Sokar et al. 2023, arXiv 2302.12902. Of a layer that is zero throughout, all units are dormant.
    """
    sums: dict[str, Tensor] = {}

    def see(seen: Seen) -> None:
        sums[seen.layer] = sums.get(seen.layer, 0.0) + in_double(seen.by_unit(seen.output.abs())).sum(1)

    see_activations(model, probe_images, see)
    for layer, found in sums.items():
        share = float((found <= threshold * found.mean()).float().mean())
        yield layer, "dormant_units", share if found.isfinite().all() else math.nan


def saturation(model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Any) -> Values:
    """Give each bounded activation's share of entries with |φ′(z)| < 0.05 · max|φ′|: of tanh, |a| > 0.975.

    After Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks. Activations
    that are not bounded have no value.
    """
    steepest: dict[str, float | None] = {}
    counts: dict[str, tuple[float, int]] = {}

    def see(seen: Seen) -> None:
        if seen.layer not in steepest:
            steepest[seen.layer] = steepest_slope(seen.function, seen.input)
        limit = steepest[seen.layer]
        if limit is None:
            return
        flat = (slopes(seen.function, seen.input).abs() < _SATURATED * limit).sum()
        lost = math.nan if seen.input.isnan().any() else 0.0
        before, total = counts.get(seen.layer, (0.0, 0))
        counts[seen.layer] = before + float(flat) + lost, total + seen.output.numel()

    see_activations(model, probe_images, see)
    for layer, (flat, total) in counts.items():
        yield layer, "saturation", flat / total


def activations(model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Any) -> Values:
    """Give the mean and the standard deviation of each layer's activations, over images, units and positions.

    After Glorot & Bengio 2010, whose figures show them by layer.
    """
    sums: dict[str, Tensor] = {}

    def see(seen: Seen) -> None:
        entries = in_double(seen.output)
        found = torch.stack([torch.full_like(entries.sum(), entries.numel()), entries.sum(), entries.square().sum()])
        sums[seen.layer] = sums.get(seen.layer, 0.0) + found

    see_activations(model, probe_images, see)
    for layer, found in sums.items():
        count, total, squares = found.tolist()
        mean = total / count
        yield layer, "activation_mean", mean
        yield layer, "activation_deviation", math.sqrt(max(squares / count - mean**2, 0.0))
