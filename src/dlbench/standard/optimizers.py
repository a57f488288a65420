"""torch.optim's optimizers behind one contract: (parameters, learning_rate, **options).

Options keep torch's names and defaults; pairs are two numbers (betas: beta1, beta2). Values that torch
refuses raise its ValueError.
"""

from collections.abc import Iterable

import torch
from torch.optim import Optimizer

Parameters = Iterable[torch.Tensor]


def sgd(
    parameters: Parameters,
    learning_rate: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Optimizer:
    """Build stochastic gradient descent. Raises ValueError for Nesterov's step without momentum."""
    if nesterov and (momentum <= 0 or dampening != 0):
        raise ValueError(
            "sgd:nesterov=true needs a momentum above 0 and no dampening: write sgd:momentum=0.9:nesterov=true."
        )
    return torch.optim.SGD(parameters, learning_rate, momentum, dampening, weight_decay, nesterov)


def adam(
    parameters: Parameters,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
) -> Optimizer:
    """Build Adam; its weight decay is an L2 penalty in the gradient."""
    return torch.optim.Adam(parameters, learning_rate, (beta1, beta2), eps, weight_decay, amsgrad)


def adamw(
    parameters: Parameters,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    amsgrad: bool = False,
) -> Optimizer:
    """Build Adam with weight decay apart from the gradient."""
    return torch.optim.AdamW(parameters, learning_rate, (beta1, beta2), eps, weight_decay, amsgrad)


def nadam(
    parameters: Parameters,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 0.004,
    decoupled_weight_decay: bool = False,
) -> Optimizer:
    """Build Adam with Nesterov momentum."""
    betas = (beta1, beta2)
    return torch.optim.NAdam(
        parameters, learning_rate, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay
    )


def radam(
    parameters: Parameters,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
) -> Optimizer:
    """Build rectified Adam."""
    betas = (beta1, beta2)
    return torch.optim.RAdam(parameters, learning_rate, betas, eps, weight_decay, decoupled_weight_decay)


def adamax(
    parameters: Parameters,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Build Adam with the infinity norm."""
    return torch.optim.Adamax(parameters, learning_rate, (beta1, beta2), eps, weight_decay)


def adagrad(
    parameters: Parameters,
    learning_rate: float,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
) -> Optimizer:
    """Build Adagrad."""
    return torch.optim.Adagrad(parameters, learning_rate, lr_decay, weight_decay, initial_accumulator_value, eps)


def adadelta(
    parameters: Parameters, learning_rate: float, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
) -> Optimizer:
    """Build Adadelta; the paper's learning rate is 1."""
    return torch.optim.Adadelta(parameters, learning_rate, rho, eps, weight_decay)


def adafactor(
    parameters: Parameters,
    learning_rate: float,
    beta2_decay: float = -0.8,
    eps1: float | None = None,
    eps2: float = 1e-3,
    d: float = 1.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Build Adafactor; it scales its step by the size of the weights."""
    return torch.optim.Adafactor(parameters, learning_rate, beta2_decay, (eps1, eps2), d, weight_decay)


def rmsprop(
    parameters: Parameters,
    learning_rate: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> Optimizer:
    """Build RMSprop."""
    return torch.optim.RMSprop(parameters, learning_rate, alpha, eps, weight_decay, momentum, centered)


def asgd(
    parameters: Parameters,
    learning_rate: float,
    lambd: float = 1e-4,
    alpha: float = 0.75,
    t0: float = 1e6,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Build averaged stochastic gradient descent."""
    return torch.optim.ASGD(parameters, learning_rate, lambd, alpha, t0, weight_decay)


def rprop(
    parameters: Parameters,
    learning_rate: float,
    eta_minus: float = 0.5,
    eta_plus: float = 1.2,
    step_minimum: float = 1e-6,
    step_maximum: float = 50.0,
) -> Optimizer:
    """Build resilient backpropagation; learning_rate is the first step of every weight."""
    if step_minimum > step_maximum:
        raise ValueError(f"rprop needs step_minimum below step_maximum, not {step_minimum:g} and {step_maximum:g}.")
    etas, step_sizes = (eta_minus, eta_plus), (step_minimum, step_maximum)
    return torch.optim.Rprop(parameters, learning_rate, etas, step_sizes)
