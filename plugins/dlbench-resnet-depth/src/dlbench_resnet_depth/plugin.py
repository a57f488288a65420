"""The plugin's hooks: four networks and the experiments of the report."""

from pathlib import Path

from dlbench import Model, Parameter, hookimpl

_REPORT = "report resnet-depth"
_RESIDUAL = f"{_REPORT}; He et al. 2015, arXiv 1512.03385"
_EXPERIMENTS = Path(__file__).with_name("experiments")


def _residual_parameters(blocks: tuple[int, ...], block: str, dropout: float) -> dict[str, Parameter]:
    """Return the switches that lead from `resnet` to `custom-resnet`, with a model's own defaults."""
    return {
        "blocks": Parameter(
            blocks, minimum=1, summary="Residual blocks of each stage; a stage more for a number more."
        ),
        "block": Parameter(block, choices=("basic", "bottleneck"), summary="What a block is made of."),
        "dropout": Parameter(dropout, minimum=0, maximum=1, summary="Share dropped at each block's end in training."),
    }


MODELS = (
    Model(
        name="dnn",
        factory="dlbench_resnet_depth.models:dnn",
        summary="Fully connected network of two hidden layers, without normalization",
        parameters={"hidden": Parameter((512, 256), minimum=1, summary="Widths of the hidden layers.")},
        source=_REPORT,
    ),
    Model(
        name="cnn",
        factory="dlbench_resnet_depth.models:cnn",
        summary="Plain VGG-like CNN: three pairs of 3×3 convolutions with batch norm",
        source=_REPORT,
        minimum_size=8,
    ),
    Model(
        name="resnet",
        factory="dlbench_resnet_depth.residual:resnet",
        summary="Residual network of three stages of basic blocks",
        parameters=_residual_parameters((2, 2, 2), "basic", 0.0),
        source=_RESIDUAL,
    ),
    Model(
        name="custom-resnet",
        factory="dlbench_resnet_depth.residual:custom_resnet",
        summary="Residual network of four stages of bottleneck blocks with dropout",
        parameters=_residual_parameters((3, 4, 6, 3), "bottleneck", 0.2),
        source=_RESIDUAL,
    ),
)


@hookimpl
def dlbench_models() -> list[Model]:
    """Return the report's four networks."""
    return list(MODELS)


@hookimpl
def dlbench_experiments() -> list[Path]:
    """Return the report's experiments."""
    return sorted(_EXPERIMENTS.glob("*.toml"))
