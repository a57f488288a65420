"""What an activation promises: `factory(**parameters) -> nn.Module`, a fresh one each call, shape in = shape out."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dlbench.components.records import Activation
from dlbench.testing.modules import differing_weights, through_a_file
from dlbench.testing.promises import Subject, promise

SHAPES = ((2, 3, 4, 5), (4, 10), (2, 7, 6))
#: From the middle to where exp() still has room in float32.
POINTS = (-50.0, -10.0, -1.0, -1e-4, 0.0, 1e-4, 1.0, 10.0, 50.0)


def make(subject: Subject[Activation]) -> nn.Module:
    """Return a fresh instance."""
    made: nn.Module = subject.factory(**subject.parameters)
    return made


@promise("makes a torch module", decisive=True)
def makes_module(subject: Subject[Activation]) -> Iterator[str]:
    """Call the factory."""
    made = make(subject)
    if not isinstance(made, nn.Module):
        yield f"{subject.record.factory}(**{subject.parameters}) returned {made!r}"


@promise("makes a fresh instance each call")
def makes_fresh(subject: Subject[Activation]) -> Iterator[str]:
    """Compare two instances, and the weights they hold."""
    first, second = make(subject), make(subject)
    if first is second:
        yield "two calls returned the same object"
    shared = {id(weight) for weight in first.parameters()} & {id(weight) for weight in second.parameters()}
    if shared:
        yield "two instances share a weight"


@promise("keeps shape and type")
def keeps_shape(subject: Subject[Activation]) -> Iterator[str]:
    """Send inputs of several shapes through it."""
    for shape in SHAPES:
        y = make(subject)(torch.randn(shape))
        if not isinstance(y, Tensor) or y.shape != shape or y.dtype != torch.float32:
            yield f"float32 {shape} in, {described(y)} out"


@promise("has finite values and gradients")
def finite_gradient(subject: Subject[Activation]) -> Iterator[str]:
    """Look at single points, small and large."""
    activation = make(subject)
    for point in POINTS:
        x = torch.full((1, 2, 2, 2), point, requires_grad=True)
        y = activation(x)
        if not y.isfinite().all():
            yield f"f({point:g}) = {y.flatten()[0].item():g}"
        activation.zero_grad()
        y.sum().backward()
        for name, weight in (("x", x), *activation.named_parameters()):
            if weight.grad is None:
                yield f"no gradient reaches {name} at x = {point:g}"
            elif not weight.grad.isfinite().all():
                yield f"the gradient of {name} at x = {point:g} is {weight.grad.flatten()[0].item():g}"


@promise("has the gradient of its values")
def right_gradient(subject: Subject[Activation]) -> Iterator[str]:
    """Compare the gradient in float64 with finite differences, at random points away from any single corner."""
    activation = make(subject).double().eval()
    x = (3 * torch.randn(2, 3, 2, 2, dtype=torch.float64)).requires_grad_()
    try:
        torch.autograd.gradcheck(activation, (x,))
    except RuntimeError as error:  # gradcheck's answer where they differ
        line = next((line for line in str(error).splitlines() if line.strip()), "they differ")
        yield f"in float64, at normal inputs with deviation 3: {line}"


@promise("works in bfloat16")
def works_in_bfloat16(subject: Subject[Activation]) -> Iterator[str]:
    """Send a bfloat16 input forward and backward."""
    x = torch.randn(2, 3, 4, 5).bfloat16().requires_grad_()
    y = make(subject).bfloat16()(x)
    if y.dtype != torch.bfloat16 or not y.isfinite().all():
        yield f"bfloat16 (2, 3, 4, 5) in, {described(y)} out"
    y.float().sum().backward()


@promise("goes through a state dict")
def state_dict_round_trip(subject: Subject[Activation]) -> Iterator[str]:
    """Load the state of one that was changed into a fresh one."""
    first, second = make(subject).eval(), make(subject).eval()
    with torch.no_grad():
        for weight in first.parameters():
            weight.add_(0.125)
    second.load_state_dict(through_a_file(first.state_dict()))
    if names := differing_weights(first, second):
        yield f"{names[0]} differs after loading"
    x = torch.randn(2, 3, 4, 5)
    if not torch.equal(first(x), second(x)):
        yield "an instance with the loaded state answers otherwise"


def described(answer: object) -> str:
    """Return what came out, in words."""
    if not isinstance(answer, Tensor):
        return type(answer).__name__
    finite = "" if answer.isfinite().all() else " with numbers that are not finite"
    return f"{str(answer.dtype).removeprefix('torch.')} {tuple(answer.shape)}{finite}"


PROMISES = (
    makes_module,
    makes_fresh,
    keeps_shape,
    finite_gradient,
    right_gradient,
    works_in_bfloat16,
    state_dict_round_trip,
)
