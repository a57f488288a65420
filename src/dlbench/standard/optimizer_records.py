"""The optimizers of torch.optim that take every parameter of a model and need no closure."""

from dlbench import Optimizer, Parameter

_BELOW_ONE = 0.999999  # decay rates are below 1, and ranges include their ends

BETAS = {
    "beta1": Parameter(0.9, minimum=0, maximum=_BELOW_ONE, summary="Decay of the mean of gradients."),
    "beta2": Parameter(0.999, minimum=0, maximum=_BELOW_ONE, summary="Decay of the size of gradients."),
}
AMSGRAD = {"amsgrad": Parameter(False, summary="Never let the divisor shrink (Reddi et al. 2018).")}
DECOUPLED = {"decoupled_weight_decay": Parameter(False, summary="Shrink the weights themselves, as adamw does.")}


_ADAPTIVE = {"learning_rate": "log:1e-4..1e-1"}
_PLAIN = {"learning_rate": "log:1e-3..1"}


def _eps(default: float) -> dict[str, Parameter]:
    return {"eps": Parameter(default, minimum=0, summary="Added to the divisor.")}


def _weight_decay(default: float = 0.0, summary: str = "L2 penalty, added to the gradient.") -> dict[str, Parameter]:
    return {"weight_decay": Parameter(default, minimum=0, summary=summary)}


OPTIMIZERS = (
    Optimizer(
        name="sgd",
        search=_PLAIN,
        aliases=(
            "sgdm:momentum=0.9",
            "momentum:momentum=0.9",
            "sgd-momentum:momentum=0.9",
            "sgd-with-momentum:momentum=0.9",
            "nesterov:momentum=0.9:nesterov=true",
            "nag:momentum=0.9:nesterov=true",
            "sgd-nesterov:momentum=0.9:nesterov=true",
        ),
        factory="dlbench.standard.optimizers:sgd",
        summary="Stochastic gradient descent, with momentum or Nesterov's step if asked for",
        parameters={
            "momentum": Parameter(0.0, minimum=0, summary="Share of the last step that is kept."),
            "dampening": Parameter(0.0, summary="Share of the gradient that the momentum omits."),
            "nesterov": Parameter(False, summary="Take the gradient where the momentum leads."),
        }
        | _weight_decay(),
        source="Robbins & Monro 1951; Sutskever et al. 2013, On the importance of initialization and momentum",
    ),
    Optimizer(
        name="adam",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:adam",
        summary="Steps scaled by running means of the gradient and its square",
        parameters=BETAS | _eps(1e-8) | _weight_decay() | AMSGRAD,
        source="Kingma & Ba 2014, arXiv 1412.6980",
    ),
    Optimizer(
        name="adamw",
        search=_ADAPTIVE | {"weight_decay": "log:1e-5..1e-1"},
        factory="dlbench.standard.optimizers:adamw",
        summary="Adam with weight decay apart from the gradient",
        parameters=BETAS | _eps(1e-8) | _weight_decay(0.01, "Share of a weight lost a step, times the rate.") | AMSGRAD,
        source="Loshchilov & Hutter 2017, arXiv 1711.05101",
    ),
    Optimizer(
        name="nadam",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:nadam",
        summary="Adam with Nesterov momentum",
        parameters=BETAS
        | _eps(1e-8)
        | _weight_decay()
        | {"momentum_decay": Parameter(0.004, minimum=0, summary="How fast the momentum rises to beta1.")}
        | DECOUPLED,
        source="Dozat 2016, Incorporating Nesterov momentum into Adam",
    ),
    Optimizer(
        name="radam",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:radam",
        summary="Adam that rectifies the variance of its first steps, as a warm-up does",
        parameters=BETAS | _eps(1e-8) | _weight_decay() | DECOUPLED,
        source="Liu et al. 2019, arXiv 1908.03265",
    ),
    Optimizer(
        name="adamax",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:adamax",
        summary="Adam with the infinity norm in place of the second moment",
        parameters=BETAS | _eps(1e-8) | _weight_decay(),
        source="Kingma & Ba 2014, arXiv 1412.6980, section 7",
    ),
    Optimizer(
        name="adagrad",
        search=_PLAIN,
        factory="dlbench.standard.optimizers:adagrad",
        summary="Steps divided by the root of all squared gradients so far",
        parameters={
            "lr_decay": Parameter(0.0, minimum=0, summary="The rate is divided by 1 + lr_decay · steps."),
            "initial_accumulator_value": Parameter(0.0, minimum=0, summary="Start of the sum of squares."),
        }
        | _weight_decay()
        | _eps(1e-10),
        source="Duchi, Hazan & Singer 2011, Adaptive subgradient methods",
    ),
    Optimizer(
        name="adadelta",
        search={"learning_rate": "log:1e-2..10"},
        factory="dlbench.standard.optimizers:adadelta",
        summary="Steps in units of earlier steps; meant for a learning rate of 1",
        parameters={"rho": Parameter(0.9, minimum=0, maximum=1, summary="Decay of the running squares.")}
        | _eps(1e-6)
        | _weight_decay(),
        source="Zeiler 2012, arXiv 1212.5701",
    ),
    Optimizer(
        name="adafactor",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:adafactor",
        summary="Adam's second moment kept as row and column sums; steps scale with the weights",
        parameters={
            "beta2_decay": Parameter(-0.8, maximum=0, summary="Power of the step by which beta2 nears 1."),
            "eps1": Parameter(None, type=float, minimum=0, summary="Added to squares; none: the precision's epsilon."),
            "eps2": Parameter(1e-3, minimum=0, summary="Smallest size of a weight in the scaling of its step."),
            "d": Parameter(1.0, minimum=1, summary="Largest root mean square of an update."),
        }
        | _weight_decay(0.0, "Share of a weight lost a step, times the rate."),
        source="Shazeer & Stern 2018, arXiv 1804.04235",
    ),
    Optimizer(
        name="rmsprop",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:rmsprop",
        summary="Steps divided by the root of a running mean of squared gradients",
        parameters={
            "alpha": Parameter(0.99, minimum=0, maximum=1, summary="Decay of the running squares."),
            "momentum": Parameter(0.0, minimum=0, summary="Share of the last step that is kept."),
            "centered": Parameter(False, summary="Divide by the deviation: subtract the squared mean."),
        }
        | _eps(1e-8)
        | _weight_decay(),
        source="Tieleman & Hinton 2012; centred: Graves 2013, arXiv 1308.0850",
    ),
    Optimizer(
        name="asgd",
        search=_PLAIN,
        factory="dlbench.standard.optimizers:asgd",
        summary="Averaged SGD; as in torch the average is kept but the plain weights are evaluated",
        parameters={
            "lambd": Parameter(1e-4, minimum=0, summary="Decay of weights and rate."),
            "alpha": Parameter(0.75, minimum=0, summary="Power by which the rate falls."),
            "t0": Parameter(1e6, minimum=0, summary="Step at which averaging starts."),
        }
        | _weight_decay(),
        source="Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging",
    ),
    Optimizer(
        name="rprop",
        search=_ADAPTIVE,
        factory="dlbench.standard.optimizers:rprop",
        summary="Steps by the gradient's sign alone; meant for whole-data batches",
        parameters={
            "eta_minus": Parameter(
                0.5, minimum=1e-6, maximum=_BELOW_ONE, summary="Factor of a step when the sign changes."
            ),
            "eta_plus": Parameter(1.2, minimum=1.000001, summary="Factor of a step when the sign stays."),
            "step_minimum": Parameter(1e-6, minimum=0, summary="Smallest step."),
            "step_maximum": Parameter(50.0, minimum=0, summary="Largest step."),
        },
        source="Riedmiller & Braun 1993, A direct adaptive method for faster backpropagation learning",
    ),
)
