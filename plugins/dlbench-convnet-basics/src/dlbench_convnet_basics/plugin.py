"""The plugin's hooks: two networks at three levels of the API, a deeper one, and the report's experiments."""

from pathlib import Path

from dlbench import Model, Parameter, hookimpl

_REPORT = "report convnet-basics"
_EXPERIMENTS = Path(__file__).with_name("experiments")

#: How a network is written: the suffix of its name, its module, and what that is.
LEVELS = {
    "-functional": ("functional", "functions over a list of tensors"),
    "": ("modules", "an nn.Module"),
    "-sequential": ("sequential", "an nn.Sequential"),
}
_INITIALISATION = {
    "initialisation": Parameter(
        "kaiming-normal",
        choices=("kaiming-normal", "torch", "zero"),
        summary="How weights begin: the report's normal with zero biases, torch's own uniform, or zeros.",
    ),
}
_FC_PARAMETERS = {
    "hidden": Parameter(4000, minimum=1, summary="Width of the hidden layer."),
    "bias": Parameter(True, summary="Add a bias in both layers."),
    **_INITIALISATION,
}
_CONVNET_PARAMETERS = {
    "channel_1": Parameter(32, minimum=1, summary="Channels of the 5×5 convolution."),
    "channel_2": Parameter(16, minimum=1, summary="Channels of the 3×3 convolution."),
    **_INITIALISATION,
}


def _at_each_level(name: str, attribute: str, summary: str, parameters: dict[str, Parameter]) -> list[Model]:
    """Return the records of one network, written at each level of the API."""
    return [
        Model(
            name=f"{name}{suffix}",
            factory=f"dlbench_convnet_basics.{module}:{attribute}",
            summary=f"{summary}, written as {level}",
            parameters=parameters,
            source=_REPORT,
        )
        for suffix, (module, level) in LEVELS.items()
    ]


MODELS = (
    *_at_each_level("two-layer-fc", "two_layer_fc", "One wide hidden layer on the flattened image", _FC_PARAMETERS),
    *_at_each_level("three-layer-convnet", "three_layer_convnet", "Two convolutions, one linear", _CONVNET_PARAMETERS),
    Model(
        name="open-ended-cnn",
        factory="dlbench_convnet_basics.open_ended:open_ended_cnn",
        summary="Two stages of three convolutions with batch norm, each ended by a pooling",
        parameters={
            "pooling": Parameter("max", choices=("max", "average", "none"), summary="What ends each stage."),
            "batch_norm": Parameter(True, summary="Normalise after each convolution and after the last layer."),
            "convolutions": Parameter(
                3, minimum=1, maximum=3, summary="How many of each stage's convolutions are kept."
            ),
        },
        source=_REPORT,
        minimum_size=4,
    ),
)


@hookimpl
def dlbench_models() -> list[Model]:
    """Return the report's networks."""
    return list(MODELS)


@hookimpl
def dlbench_experiments() -> list[Path]:
    """Return the report's experiments."""
    return sorted(_EXPERIMENTS.glob("*.toml"))
