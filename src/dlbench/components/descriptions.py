"""What `dlbench show` tells of a component: records that the engine fills and the report draws."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One layer of a model as a forward pass meets it. output_shape: without the batch; parameters: trained ones."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class ModelDescription:
    """A model for one input shape. flops: of one image's forward pass, None where they cannot be counted."""

    layers: tuple[Layer, ...]
    input_shape: tuple[int, ...]
    parameters: int
    flops: int | None


@dataclass(frozen=True)
class Curve:
    """One line of a picture."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """Curves over a common axis."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
