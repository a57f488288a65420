"""What an optimizer promises: `factory(parameters, learning_rate, **options) -> torch.optim.Optimizer`."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dlbench.components.records import Optimizer
from dlbench.testing.modules import through_a_file
from dlbench.testing.promises import Subject, promise

RATES = (1.0, 0.1, 0.01, 0.001)
STEPS = 200


class Bowl(nn.Module):
    """The quadratic ½ Σ c (w − 1)² of a matrix and a vector, with curvatures c from 1 to 4; 1 at its start."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.zeros(4, 3))
        self.vector = nn.Parameter(torch.zeros(5))
        self.idle = nn.Parameter(torch.zeros(2))  # gets no gradient, as a layer that a step does not use

    def forward(self) -> Tensor:
        """Return the value."""
        terms = [
            torch.linspace(1, 4, weight.numel()).view(weight.shape) * (weight - 1) ** 2
            for weight in (self.matrix, self.vector)
        ]
        return sum((term.sum() for term in terms), torch.zeros(())) / (2.5 * 17)


def build(subject: Subject[Optimizer], rate: float = 0.01) -> tuple[Bowl, torch.optim.Optimizer]:
    """Return a quadratic and the optimizer of its weights."""
    bowl = Bowl()
    return bowl, subject.factory(list(bowl.parameters()), rate, **subject.parameters)


def descend(bowl: Bowl, optimizer: torch.optim.Optimizer, steps: int) -> float:
    """Take some steps as the engine does and return the value at their end."""
    _switch(optimizer, "train")
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        bowl().backward()
        optimizer.step()
    _switch(optimizer, "eval")
    with torch.no_grad():
        return float(bowl())


def _switch(optimizer: torch.optim.Optimizer, mode: str) -> None:
    if hasattr(optimizer, "train") and hasattr(optimizer, "eval"):
        getattr(optimizer, mode)()


@promise("makes a torch optimizer of the weights it is given", decisive=True)
def makes_optimizer(subject: Subject[Optimizer]) -> Iterator[str]:
    """Call the factory."""
    bowl, optimizer = build(subject)
    if not isinstance(optimizer, torch.optim.Optimizer):
        yield f"the factory returned {optimizer!r}"
        return
    held = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    if missing := [name for name, weight in bowl.named_parameters() if id(weight) not in held]:
        yield f"it leaves {missing[0]} out"


@promise("starts at the learning rate it is given")
def starts_at_its_rate(subject: Subject[Optimizer]) -> Iterator[str]:
    """Look at the groups' rates, which schedules start from."""
    for rate in RATES:
        for group in build(subject, rate)[1].param_groups:
            if float(group["lr"]) != rate:
                yield f"made with {rate:g}, its rate is {float(group['lr']):g}"


@promise("decreases a quadratic")
def decreases_a_quadratic(subject: Subject[Optimizer]) -> Iterator[str]:
    """Take 200 steps at each of four rates; the best has to halve the value."""
    ends = {rate: descend(*build(subject, rate), STEPS) for rate in RATES}
    best = min(ends, key=lambda rate: ends[rate] if ends[rate] == ends[rate] else float("inf"))
    start = float(Bowl()())
    if not ends[best] < start / 2:
        yield f"from {start:.3g} it got to {ends[best]:.3g} in {STEPS} steps at {best:g}, the best of {RATES}"


@promise("goes through a state dict")
def state_dict_round_trip(subject: Subject[Optimizer]) -> Iterator[str]:
    """Stop after 5 steps, go on in a fresh one, and compare with 10 steps in one go."""
    straight, optimizer = build(subject)
    descend(straight, optimizer, 5)
    bowl, resumed = build(subject)
    bowl.load_state_dict(straight.state_dict())
    resumed.load_state_dict(through_a_file(optimizer.state_dict()))
    for name, (weight, other) in {
        name: (dict(straight.named_parameters())[name], weight) for name, weight in bowl.named_parameters()
    }.items():
        if not torch.equal(weight, other):
            yield f"{name} changed while the state was loaded"
    if (one := descend(straight, optimizer, 5)) != (other_end := descend(bowl, resumed, 5)):
        yield f"10 steps lead to {one:.9g}, 5 steps and 5 after loading the state to {other_end:.9g}"


PROMISES = (
    makes_optimizer,
    starts_at_its_rate,
    decreases_a_quadratic,
    state_dict_round_trip,
)
