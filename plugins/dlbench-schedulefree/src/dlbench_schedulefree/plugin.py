"""The plugin's hook: it declares three optimizers and imports nothing heavy."""

from dlbench import Optimizer, Parameter, hookimpl

_BELOW_ONE = 0.999999  # decay rates are below 1, and ranges include their ends
_SOURCE = "Defazio et al. 2024, The Road Less Scheduled, arXiv 2405.15682"

_AVERAGING = {
    "r": Parameter(0.0, minimum=0, summary="Power of the step in the weights of the average."),
    "weight_lr_power": Parameter(2.0, minimum=0, summary="Power of the rate in the weights of the average."),
}
_WARMUP = {"warmup_steps": Parameter(0, minimum=0, summary="Steps over which the rate rises to its height.")}
_WEIGHT_DECAY = {"weight_decay": Parameter(0.0, minimum=0, summary="Decay of the weights, times the rate.")}
_ADAM = {
    "beta1": Parameter(0.9, minimum=0, maximum=_BELOW_ONE, summary="Where between average and newest weights to look."),
    "beta2": Parameter(0.999, minimum=0, maximum=_BELOW_ONE, summary="Decay of the size of gradients."),
    "eps": Parameter(1e-8, minimum=0, summary="Added to the divisor."),
}

OPTIMIZERS = (
    Optimizer(
        name="sgd-schedulefree",
        factory="dlbench_schedulefree.optimizers:sgd",
        summary="Gradient descent that averages its weights in place of a schedule; wants a large rate",
        parameters={
            "momentum": Parameter(
                0.9, minimum=1e-6, maximum=_BELOW_ONE, summary="Where between average and newest weights to look."
            )
        }
        | _WEIGHT_DECAY
        | _WARMUP
        | _AVERAGING,
        source=_SOURCE,
    ),
    Optimizer(
        name="adamw-schedulefree",
        factory="dlbench_schedulefree.optimizers:adamw",
        summary="AdamW that averages its weights in place of a schedule",
        parameters=_ADAM | _WEIGHT_DECAY | _WARMUP | _AVERAGING,
        source=_SOURCE,
    ),
    Optimizer(
        name="radam-schedulefree",
        factory="dlbench_schedulefree.optimizers:radam",
        summary="RAdam that averages its weights in place of a schedule; needs no warm-up",
        parameters=_ADAM
        | _WEIGHT_DECAY
        | _AVERAGING
        | {"silent_sgd_phase": Parameter(True, summary="Leave the weights alone in the first few steps.")},
        source=_SOURCE,
    ),
)


@hookimpl
def dlbench_optimizers() -> list[Optimizer]:
    """Return the schedule-free optimizers."""
    return list(OPTIMIZERS)
