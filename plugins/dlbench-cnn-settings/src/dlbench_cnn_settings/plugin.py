"""The plugin's hooks: it declares models and experiments and imports nothing heavy."""

from pathlib import Path

from dlbench import Model, Parameter, hookimpl

_DROPOUT = {"dropout": Parameter(0.5, minimum=0, maximum=1, summary="Share of hidden units dropped while training.")}
_TECHNIQUES = _DROPOUT | {
    "overlapping_pooling": Parameter(False, summary="Pool 3×3 windows at stride 2 instead of 2×2."),
    "local_response_norm": Parameter(False, summary="AlexNet's normalization after the first two blocks' activations."),
}
_REPORT = "report cnn-settings"

MODELS = (
    Model(
        name="simple-cnn",
        factory="dlbench_cnn_settings.models:simple_cnn",
        minimum_size=4,
        summary="Two convolutions with batch norm and pooling, one hidden layer",
        parameters=_TECHNIQUES,
        source=_REPORT,
    ),
    Model(
        name="improved-cnn",
        factory="dlbench_cnn_settings.models:improved_cnn",
        minimum_size=8,
        summary="Three blocks of two convolutions with batch norm, one hidden layer",
        parameters=_TECHNIQUES,
        source=_REPORT,
    ),
    Model(
        name="alexnet-small",
        factory="dlbench_cnn_settings.models:alexnet_small",
        minimum_size=8,
        summary="AlexNet for 32×32: overlapping pooling, local response normalization, dropout, ReLU",
        parameters=_DROPOUT,
        source="Krizhevsky, Sutskever & Hinton 2012, ImageNet Classification with Deep Convolutional Neural Networks",
    ),
)


@hookimpl
def dlbench_models() -> list[Model]:
    """Return the report's networks."""
    return list(MODELS)


@hookimpl
def dlbench_experiments() -> list[Path]:
    """Return the report's experiments."""
    return sorted((Path(__file__).parent / "experiments").glob("*.toml"))
