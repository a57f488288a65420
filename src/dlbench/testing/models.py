"""What a model promises: `factory(input_shape, num_classes, activation, **parameters)`, images in, logits out."""

import copy
from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
from torch import Tensor, nn

from dlbench.components.choice import Selection, resolve_parameters
from dlbench.components.records import Model
from dlbench.engine.factories import activation_maker
from dlbench.engine.randomness import borrowed_generators
from dlbench.plans.vetoes import veto_reason
from dlbench.testing.modules import differing_weights, through_a_file
from dlbench.testing.promises import Subject, Unproven, promise
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial

Shape = tuple[int, int, int]

#: Gray and color images, square and not; a model that needs larger ones gets them as large.
SHAPES: tuple[Shape, ...] = ((1, 28, 28), (3, 32, 32), (2, 24, 40))
BATCH = 4
#: Above this many parameters, a model's record, factory and signature alone are checked.
LARGEST = 30_000_000


def size(subject: Subject[Model]) -> int:
    """Return how many parameters it has, without allocating them where it can be built on the meta device."""
    shape = smallest(subject)
    try:
        with torch.device("meta"):
            model = build(subject, shape)
    except Exception:  # a network that computes while it is built needs real numbers
        model = build(subject, shape)
    return sum(weight.numel() for weight in model.parameters())


def smallest(subject: Subject[Model]) -> Shape:
    """Return the smallest image shape that it takes: what does not depend on the size is checked there."""
    least = max(8, subject.record.minimum_size)
    tiny = (3, least, least)
    return shapes(subject)[0] if vetoed(subject, tiny) else tiny


def shapes(subject: Subject[Model]) -> list[Shape]:
    """Return the image shapes to try: those that neither the record nor a veto refuses."""
    least = subject.record.minimum_size
    wanted = [(channels, max(height, least), max(width, least)) for channels, height, width in SHAPES]
    allowed = [shape for shape in dict.fromkeys(wanted) if not vetoed(subject, shape)]
    if not allowed:
        raise Unproven(f"every image shape is vetoed: {vetoed(subject, wanted[0])}")
    return allowed


def vetoed(subject: Subject[Model], shape: Shape, activation: str = "") -> str:
    """Return why the model declines such images or another activation, or ""."""
    plain = Selection("standard/constant")
    trial = Trial(
        model=Selection(subject.entry.name, subject.parameters),
        activation=Selection(activation or default_activation(subject)),
        dataset=plain,
        scheduler=plain,
        optimizer=plain,
        settings=Settings(device="cpu"),
        seed=0,
        input_shape=shape,
        num_classes=10,
    )
    return veto_reason(trial, subject.registry)


def default_activation(subject: Subject[Model]) -> str:
    """Return the activation that the record names, qualified; "own" or "none"."""
    name = subject.record.activation
    if name in (None, "own"):
        return name or "none"
    return subject.registry.get("activations", name, subject.entry.plugin.name).name


def build(
    subject: Subject[Model],
    shape: Shape,
    num_classes: int = 10,
    activation: Callable[[], nn.Module] | None = None,
    seed: int = 0,
) -> nn.Module:
    """Build the model as the engine does, with its default activation unless another is given."""
    maker = activation or _default_maker(subject)
    with borrowed_generators(seed, "initialisation"):
        model: nn.Module = subject.factory(shape, num_classes, maker, **subject.parameters)
    return model


def _default_maker(subject: Subject[Model]) -> Callable[[], nn.Module] | None:
    name = default_activation(subject)
    if name in ("own", "none"):
        return None
    record = subject.registry.get("activations", name).record
    defaults = resolve_parameters(record.parameters, {})
    return activation_maker(Selection(name, defaults), subject.registry)


@lru_cache(maxsize=2)
def _made(subject: Subject[Model], seed: int) -> nn.Module:
    return build(subject, smallest(subject), seed=seed)


def sample(subject: Subject[Model], seed: int) -> nn.Module:
    """Return the model for its smallest images in eval mode, for checks that leave it as it is."""
    return _made(subject, seed).eval()


def images(shape: Shape, count: int = BATCH) -> Tensor:
    """Return images that look like normalized ones, always the same."""
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0))


@promise("makes a torch module", decisive=True)
def makes_module(subject: Subject[Model]) -> Iterator[str]:
    """Call the factory."""
    made: object = _made(subject, 0)
    if not isinstance(made, nn.Module):
        yield f"{subject.record.factory}({smallest(subject)}, 10, …) returned {made!r}"


@promise("returns logits for every image size and number of classes")
def returns_logits(subject: Subject[Model]) -> Iterator[str]:
    """Build it for several sizes and look at what comes out."""
    for index, shape in enumerate(shapes(subject)):
        num_classes = (10, 3)[index % 2]
        with torch.no_grad():
            logits = build(subject, shape, num_classes).eval()(images(shape))
        if not isinstance(logits, Tensor) or logits.shape != (BATCH, num_classes):
            came = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            yield f"{BATCH} images of {shape}, {num_classes} classes: {came} came out, not {(BATCH, num_classes)}"
        elif not logits.is_floating_point() or not logits.isfinite().all():
            yield f"{BATCH} images of {shape}: the logits are {logits.dtype}, or not all finite"


class Probe(nn.Module):
    """An activation that no network has of its own, which notes its calls."""

    def __init__(self, calls: list[object]) -> None:
        super().__init__()
        self.calls = calls

    def forward(self, x: Tensor) -> Tensor:
        """Return tanh(x) + x / 10."""
        self.calls.append(self)
        return torch.tanh(x) + 0.1 * x


@promise("takes any activation")
def takes_any_activation(subject: Subject[Model]) -> Iterator[str]:
    """Give it one that notes its calls."""
    if subject.record.activation is None:
        raise Unproven("it has no activation to choose")
    shape = smallest(subject)
    if reason := vetoed(subject, shape, "standard/tanh"):
        raise Unproven(reason)
    calls: list[object] = []
    model = build(subject, shape, activation=lambda: Probe(calls)).eval()
    with torch.no_grad():
        model(images(shape))
    if not calls:
        yield f"built for {shape} with another activation than {subject.record.activation}, it never calls it"


@promise("trains every weight, and evaluates each image by itself")
def trains_and_evaluates(subject: Subject[Model]) -> Iterator[str]:
    """Go forward and backward in train mode, and forward twice in eval mode."""
    shape = smallest(subject)
    model, x = copy.deepcopy(sample(subject, 0)).train(), images(shape)
    with borrowed_generators(0, "dropout"):
        nn.functional.cross_entropy(model(x), torch.arange(BATCH)).backward()
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.grad is None:
            yield f"in train mode no gradient reaches {name}"
        elif weight.grad is not None and not weight.grad.isfinite().all():
            yield f"in train mode the gradient of {name} is not finite"
    model.eval()
    with torch.no_grad():
        together, again, first = model(x), model(x), model(x[:1])
    if not torch.equal(together, again):
        yield f"in eval mode the same {BATCH} images of {shape} give other logits the second time"
    if not torch.allclose(together[:1], first, rtol=1e-3, atol=1e-4):
        yield f"in eval mode an image of {shape} has other logits alone than among {BATCH}"


@promise("goes through a state dict")
def state_dict_round_trip(subject: Subject[Model]) -> Iterator[str]:
    """Load one's state into another of other weights."""
    first, second = sample(subject, 0), copy.deepcopy(sample(subject, 1))
    second.load_state_dict(through_a_file(first.state_dict()))
    x = images(smallest(subject))
    with torch.no_grad():
        if not torch.equal(first(x), second(x)):
            yield f"a model for {smallest(subject)} with the loaded state answers otherwise"


@promise("draws its weights from torch's generator")
def follows_the_seed(subject: Subject[Model]) -> Iterator[str]:
    """Build it twice from one seed and once from another."""
    with borrowed_generators(0, "initialisation"):
        seeded = torch.initial_seed()
        same = subject.factory(smallest(subject), 10, _default_maker(subject), **subject.parameters)
        if torch.initial_seed() != seeded:
            yield "it seeds torch's global generator"
    if names := differing_weights(sample(subject, 0), same):
        yield f"two models of one seed differ in {names[0]}"
    first, other = (dict(sample(subject, seed).named_parameters()) for seed in (0, 1))
    drawn = [
        name for name, weight in first.items() if weight.numel() > 1 and bool((weight != weight.flatten()[0]).any())
    ]
    if drawn and all(torch.equal(first[name], other[name]) for name in drawn):
        yield f"two models of different seeds have the same {drawn[0]}"


@promise("moves between devices")
def moves_between_devices(subject: Subject[Model]) -> Iterator[str]:
    """Move it to every device here, and to torch's meta device, which shows what stays behind."""
    devices = [device for device in _devices_here() if device in subject.record.devices]
    if set(subject.record.devices) <= {"cpu"}:
        raise Unproven("it declares the CPU alone")
    for device in ("meta", *devices):
        model = copy.deepcopy(sample(subject, 0)).to(device)
        with torch.no_grad():
            logits = model(images(smallest(subject)).to(device))
        if logits.device.type != device:
            yield f"moved to {device}, it answers on {logits.device.type}"


def _devices_here() -> list[str]:
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [device for device, available in here.items() if available]


@promise("computes in the precisions it declares")
def computes_in_its_precisions(subject: Subject[Model]) -> Iterator[str]:
    """Go forward in bfloat16, as the engine does."""
    if "bfloat16" not in subject.record.precisions:
        raise Unproven("it declares float32 alone")
    shape = smallest(subject)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = sample(subject, 0)(images(shape))
    if not logits.isfinite().all():
        yield f"in bfloat16 the logits of {BATCH} images of {shape} are not all finite"


PROMISES = (
    makes_module,
    returns_logits,
    takes_any_activation,
    trains_and_evaluates,
    state_dict_round_trip,
    follows_the_seed,
    moves_between_devices,
    computes_in_its_precisions,
)
