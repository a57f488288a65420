"""The learning-rate schedules: torch's that stand alone, and those of the literature that torch lacks.

Those written over all steps step after each step; those written over epochs, after each epoch.
"""

from dlbench import Parameter, Scheduler

MOMENTUM = {
    "cycle_momentum": Parameter(True, summary="Let momentum (or beta1) fall while the rate rises; 0 stays 0."),
    "base_momentum": Parameter(0.8, minimum=0, maximum=1, summary="Momentum at the highest rate."),
    "max_momentum": Parameter(0.9, minimum=0, maximum=1, summary="Momentum at the lowest rate."),
}
ETA_MIN = {"eta_min": Parameter(0.0, minimum=0, summary="Lowest learning rate.")}


def _gamma(default: float) -> dict[str, Parameter]:
    return {"gamma": Parameter(default, minimum=0, summary="Factor of each drop.")}


def _warmup(default: float) -> dict[str, Parameter]:
    return {"warmup": Parameter(default, minimum=0, maximum=1, summary="Warm-up, as a fraction of all steps.")}


SCHEDULES = (
    Scheduler(
        name="constant",
        aliases=("none", "fixed"),
        factory="dlbench.standard.schedules:constant",
        summary="The learning rate as it is",
    ),
    Scheduler(
        name="constant-warmup",
        aliases=("constant-lr",),
        factory="dlbench.standard.schedules:constant_warmup",
        summary="A fraction of the rate for the first epochs, then all of it",
        parameters={
            "factor": Parameter(1 / 3, minimum=1e-6, maximum=1, summary="Fraction of the rate at first."),
            "epochs": Parameter(5, minimum=0, summary="For how many epochs."),
        },
        source="torch.optim.lr_scheduler.ConstantLR",
    ),
    Scheduler(
        name="linear",
        aliases=("linear-lr",),
        factory="dlbench.standard.schedules:linear",
        interval="step",
        summary="A straight line between two fractions of the rate over the first epochs, then flat",
        parameters={
            "start_factor": Parameter(1 / 3, minimum=1e-6, maximum=1, summary="Fraction of the rate at the start."),
            "end_factor": Parameter(1.0, minimum=0, maximum=1, summary="Fraction of the rate at the end."),
            "epochs": Parameter(5, minimum=1, summary="Length of the line, in epochs."),
        },
        source="torch.optim.lr_scheduler.LinearLR",
    ),
    Scheduler(
        name="step",
        aliases=("step-lr",),
        factory="dlbench.standard.schedules:step",
        summary="Drop by a factor every so many epochs",
        parameters={
            "step_size": Parameter(
                None, type=int, minimum=1, summary="Epochs between drops; none: a third of all epochs."
            )
        }
        | _gamma(0.1),
        source="torch.optim.lr_scheduler.StepLR",
    ),
    Scheduler(
        name="multistep",
        aliases=("multi-step-lr",),
        factory="dlbench.standard.schedules:multistep",
        summary="Drop by a factor at given epochs",
        parameters={
            "milestones": Parameter(
                None, type=tuple, minimum=1, summary="Epochs of the drops; none: a half and three quarters of all."
            )
        }
        | _gamma(0.1),
        source="He et al. 2015, arXiv 1512.03385; torch.optim.lr_scheduler.MultiStepLR",
    ),
    Scheduler(
        name="exponential",
        aliases=("exponential-lr",),
        factory="dlbench.standard.schedules:exponential",
        summary="Drop by a factor every epoch",
        parameters=_gamma(0.95),
        source="torch.optim.lr_scheduler.ExponentialLR",
    ),
    Scheduler(
        name="cosine",
        factory="dlbench.standard.schedules:cosine",
        interval="step",
        summary="Half a cosine down to zero over all steps, after a warm-up if asked for",
        parameters=_warmup(0.0)
        | {"final": Parameter(0.0, minimum=0, maximum=1, summary="Rate at the end, as a fraction of the peak.")},
        source="Loshchilov & Hutter 2016, arXiv 1608.03983",
    ),
    Scheduler(
        name="cosine-annealing",
        aliases=("cosine-annealing-lr",),
        factory="dlbench.standard.schedules:cosine_annealing",
        summary="Half a cosine over all epochs, one value an epoch",
        parameters=ETA_MIN,
        source="Loshchilov & Hutter 2016, arXiv 1608.03983; torch.optim.lr_scheduler.CosineAnnealingLR",
    ),
    Scheduler(
        name="cosine-restarts",
        aliases=("cosine-annealing-warm-restarts", "sgdr"),
        factory="dlbench.standard.schedules:cosine_restarts",
        interval="step",
        summary="Half a cosine again and again",
        parameters={
            "first_cycle": Parameter(
                None, type=int, minimum=1, summary="Epochs of the first cycle; none: half of all epochs."
            ),
            "cycle_factor": Parameter(1, minimum=1, summary="Each cycle is this many times as long as the last."),
        }
        | ETA_MIN,
        source="Loshchilov & Hutter 2016, arXiv 1608.03983; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
    ),
    Scheduler(
        name="polynomial",
        aliases=("polynomial-lr",),
        factory="dlbench.standard.schedules:polynomial",
        interval="step",
        summary="A power of what is left of the steps, down to zero",
        parameters={
            "power": Parameter(1.0, minimum=0, summary="1 is a straight line."),
            "epochs": Parameter(None, type=int, minimum=1, summary="Epochs until zero; none: all."),
        },
        source="torch.optim.lr_scheduler.PolynomialLR",
    ),
    Scheduler(
        name="cyclic",
        aliases=("cyclic-lr",),
        factory="dlbench.standard.schedules:cyclic",
        interval="step",
        summary="Up and down in straight lines between a fraction of the rate and all of it",
        parameters={
            "base_factor": Parameter(0.1, minimum=0, maximum=1, summary="Lowest rate, as a fraction of the peak."),
            "epochs_up": Parameter(2.0, minimum=0, summary="Length of the rise, in epochs."),
            "epochs_down": Parameter(None, type=float, minimum=0, summary="Length of the fall; none: as the rise."),
            "mode": Parameter(
                "triangular",
                choices=("triangular", "triangular2", "exp_range"),
                summary="Height: kept, halved each cycle, or times gamma each step.",
            ),
            "gamma": Parameter(1.0, minimum=0, summary="Factor of the height each step (exp_range)."),
        }
        | MOMENTUM,
        source="Smith 2015, arXiv 1506.01186",
    ),
    Scheduler(
        name="one-cycle",
        aliases=("one-cycle-lr",),
        factory="dlbench.standard.schedules:one_cycle",
        interval="step",
        summary="One rise to the rate and one long fall far below it",
        parameters={
            "pct_start": Parameter(0.3, minimum=0, maximum=1, summary="Rise, as a fraction of all steps."),
            "anneal_strategy": Parameter("cos", choices=("cos", "linear"), summary="Form of rise and fall."),
            "div_factor": Parameter(25.0, minimum=1, summary="Peak rate over the first."),
            "final_div_factor": Parameter(1e4, minimum=1, summary="First rate over the last."),
            "three_phase": Parameter(False, summary="Fall as long as the rise, then down to the last rate."),
        }
        | MOMENTUM
        | {
            "base_momentum": Parameter(0.85, minimum=0, maximum=1, summary="Momentum at the highest rate."),
            "max_momentum": Parameter(0.95, minimum=0, maximum=1, summary="Momentum at the lowest rate."),
        },
        source="Smith & Topin 2017, arXiv 1708.07120",
    ),
    Scheduler(
        name="plateau",
        aliases=("reduce-lr-on-plateau",),
        factory="dlbench.standard.schedules:plateau",
        needs_metric=True,
        summary="Drop by a factor when the monitored metric gets no better",
        parameters={
            "mode": Parameter("min", choices=("min", "max"), summary="max where the metric is an accuracy."),
            "factor": Parameter(0.1, minimum=0, maximum=0.999999, summary="Factor of each drop."),
            "patience": Parameter(10, minimum=0, summary="Epochs without a better value that are borne."),
            "threshold": Parameter(1e-4, minimum=0, summary="Smallest difference that counts as better."),
            "threshold_mode": Parameter("rel", choices=("rel", "abs"), summary="rel: as a share of the best value."),
            "cooldown": Parameter(0, minimum=0, summary="Epochs after a drop in which none is counted."),
            "min_lr": Parameter(0.0, minimum=0, summary="Lowest learning rate."),
            "eps": Parameter(1e-8, minimum=0, summary="Smallest drop that is made."),
        },
        source="torch.optim.lr_scheduler.ReduceLROnPlateau",
    ),
    Scheduler(
        name="linear-to-zero",
        factory="dlbench.standard.schedules:linear_to_zero",
        interval="step",
        summary="A straight line down to zero over all steps, after a warm-up if asked for",
        parameters=_warmup(0.0),
        source="Defazio et al. 2023, arXiv 2310.07831; Bergsma et al. 2025, arXiv 2502.15938",
    ),
    Scheduler(
        name="warmup-stable-decay",
        aliases=("wsd",),
        factory="dlbench.standard.schedules:warmup_stable_decay",
        interval="step",
        summary="A trapezoid: warm-up, the whole rate, decay to zero (decay=0: warm-up, then constant)",
        parameters=_warmup(0.05)
        | {
            "decay": Parameter(0.2, minimum=0, maximum=1, summary="Decay, as a fraction of all steps."),
            "shape": Parameter("linear", choices=("linear", "sqrt"), summary="Form of the decay: 1 − u or 1 − √u."),
        },
        source="Hu et al. 2024, arXiv 2404.06395; Hägele et al. 2024, arXiv 2405.18392",
    ),
    Scheduler(
        name="inverse-sqrt",
        aliases=("inverse-square-root", "noam"),
        factory="dlbench.standard.schedules:inverse_sqrt",
        interval="step",
        summary="Warm-up, then one over the square root of the step",
        parameters=_warmup(0.1),
        source="Vaswani et al. 2017, arXiv 1706.03762",
    ),
    Scheduler(
        name="rex",
        factory="dlbench.standard.schedules:rex",
        interval="step",
        summary="Slow at first, steep at the end: (1 − u) / (1 − u + u/2), u the part that is done",
        parameters=_warmup(0.0),
        source="Chen, Wolfe & Kyrillidis 2021, arXiv 2107.04197",
    ),
)
