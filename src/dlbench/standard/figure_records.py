"""The figures of the built-in diagnostics."""

from dlbench import Figure

_HOME = "dlbench.standard.figures"

FIGURES = (
    Figure(
        name="gradients",
        factory=f"{_HOME}:gradients",
        title="Gradient norm by layer",
        summary="Gradient norm by layer, a line an epoch",
        values=("gradient_norm",),
    ),
    Figure(
        name="activations",
        factory=f"{_HOME}:activations",
        title="Activations by layer",
        summary="Mean and standard deviation of the activations by layer",
        values=("activation_mean",),
    ),
    Figure(
        name="dead-units",
        factory=f"{_HOME}:dead_units",
        title="Dead units over epochs",
        summary="Share of dead units over epochs, a line a layer",
        values=("dead_units",),
    ),
)
