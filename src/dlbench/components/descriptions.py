"""What `dlbench show` prints of a component: records that the engine fills and the report draws."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One layer of a model, in the order of a forward pass.

    name: its name within the model.
    kind: its class.
    output_shape: shape of its output, without the batch.
    parameters: number of its trained parameters.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class ModelDescription:
    """A model for one input shape.

    layers: its layers, in the order of a forward pass.
    input_shape: (C, H, W) of an image.
    parameter_count: of its trained parameters.
    flops: operations of one image's forward pass; None if they cannot be counted.
    """

    layers: tuple[Layer, ...]
    input_shape: tuple[int, ...]
    parameter_count: int
    flops: int | None


@dataclass(frozen=True)
class Curve:
    """One line of a picture.

    label: its name in the legend.
    x: x values.
    y: y values.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """Curves over a common axis.

    title: title of the picture.
    x_label: label of the x axis.
    y_label: label of the y axis.
    curves: the curves.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
