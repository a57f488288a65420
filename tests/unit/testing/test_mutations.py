"""Each promise, and a component or plugin that breaks exactly it: the suite has to find that one and no other."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure as MplFigure
from torch import nn
from torch.optim import lr_scheduler

from dlbench import (
    Activation,
    Dataset,
    Diagnostic,
    Executor,
    Figure,
    ImageData,
    Model,
    Node,
    Optimizer,
    Parameter,
    Scheduler,
    TrialFinished,
    UnitLost,
    examine_node,
    run_unit,
)
from dlbench.components.records import Component
from dlbench.plugins.registry import Entry, Registry
from dlbench.testing.activations import PROMISES as ACTIVATION_PROMISES
from dlbench.testing.datasets import PROMISES as DATASET_PROMISES
from dlbench.testing.diagnostics import PROMISES as DIAGNOSTIC_PROMISES
from dlbench.testing.executors import PROMISES as EXECUTOR_PROMISES
from dlbench.testing.figures import PROMISES as FIGURE_PROMISES
from dlbench.testing.models import PROMISES as MODEL_PROMISES
from dlbench.testing.modules import LEAVES_STATE, examine_behavior
from dlbench.testing.optimizers import PROMISES as OPTIMIZER_PROMISES
from dlbench.testing.promises import Breach, Finding, Promise, Subject, examine
from dlbench.testing.records import RECORD_PROMISES
from dlbench.testing.schedulers import PROMISES as SCHEDULER_PROMISES

PROMISES = {
    Activation: ACTIVATION_PROMISES,
    Model: MODEL_PROMISES,
    Dataset: DATASET_PROMISES,
    Scheduler: SCHEDULER_PROMISES,
    Optimizer: OPTIMIZER_PROMISES,
    Diagnostic: DIAGNOSTIC_PROMISES,
    Executor: EXECUTOR_PROMISES,
    Figure: FIGURE_PROMISES,
}


def look(registry: Registry, record: Component, factory: Callable[..., Any], promises: Sequence[Promise]) -> Finding:
    plugin = registry.plugins.by_name["standard"]
    defaults = {name: parameter.default for name, parameter in record.parameters.items()}
    known = Registry(registry.plugins)
    known._entries[record.kind] = (*registry.entries(record.kind), Entry(plugin, record))
    subject = Subject(known.entries(record.kind)[-1], known, defaults, Path("nowhere"))
    subject.__dict__["factory"] = factory
    return examine_behavior(subject.title, subject, promises)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: torch.set_default_dtype(torch.float64), "torch's default dtype"),
        (lambda: setattr(torch.backends.mkldnn, "enabled", False), "torch.backends.mkldnn"),
        (lambda: setattr(nn.functional, "relu", torch.sigmoid), "torch.nn.functional.relu"),
        (lambda: setattr(nn.Linear, "forward", nn.Identity.forward), "torch.nn.modules.linear.Linear.forward"),
        (lambda: nn.modules.module.register_module_forward_hook(lambda *_: None), "torch's global forward hooks"),
    ],
)
def test_a_component_that_changes_global_state_is_named_and_the_state_restored(registry, change, named):
    def factory():
        change()
        return nn.Tanh()

    found = look(registry, Activation(name="culprit", factory="x:y", summary="x"), factory, ACTIVATION_PROMISES)
    assert found.breaches[-1] == Breach(LEAVES_STATE, f"it changed {named}")
    assert (torch.get_default_dtype(), torch.backends.mkldnn.enabled) == (torch.float32, True)


# Activations


class Sine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(self.a * x)


class Widened(Sine):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return torch.cat([y, y], 1) if x.dim() == 3 else y


class Root(Sine):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + x.abs().sqrt()  # its slope at 0 has no end


class _WrongSlope(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(x)

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> torch.Tensor:
        return slope


class WrongSlope(Sine):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return _WrongSlope.apply(self.a * x)


class OnlyFloat(Sine):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dtype == torch.bfloat16:
            raise RuntimeError("not implemented for 'BFloat16'")
        return super().forward(x)


class Forgetful(Sine):
    """Its weight is outside its state dict."""

    def __init__(self) -> None:
        super().__init__()
        self._register_state_dict_hook(lambda module, state, prefix, local: state.pop(f"{prefix}a"))
        self.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())


SHARED = Sine()
ACTIVATION = Activation(name="broken", factory="a:b", summary="x")
ACTIVATIONS = [
    ("makes a torch module", lambda: torch.tanh),
    ("makes a fresh instance each call", lambda: SHARED),
    ("keeps shape and type", Widened),
    ("has finite values and gradients", Root),
    ("has the gradient of its values", WrongSlope),
    ("works in bfloat16", OnlyFloat),
    ("goes through a state dict", Forgetful),
]

# Models


def network(shape: Any, num_classes: int, activation: Any, *, use: bool = True, pool: int = 2) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(shape[0], 4, 3),
        activation() if use else nn.Tanh(),
        nn.AdaptiveAvgPool2d(pool),
        nn.Flatten(),
        nn.Linear(4 * pool**2, num_classes),
    )


def ten_classes(shape: Any, num_classes: int, activation: Any) -> nn.Module:
    return network(shape, 10, activation)


def own_activation(shape: Any, num_classes: int, activation: Any) -> nn.Module:
    return network(shape, num_classes, activation, use=False)


class _Changed(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.extra = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


class _BatchMean(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x - x.mean(0))


class _Outside(nn.Module):
    """A factor that is neither weight nor buffer, drawn when it is built."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.factor = float(torch.rand(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * self.inner(x)


class _Stays(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.shift = torch.full((1, 1, 1, 1), 0.5).expand(1, 1, 2, 1).mean(2, keepdim=True).repeat(4, 1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x - self.shift[: len(x)])


class _OnlyFloat(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.inner(x)
        if y.dtype == torch.bfloat16:
            raise RuntimeError("not implemented for 'BFloat16'")
        return y


def seeded(shape: Any, num_classes: int, activation: Any) -> nn.Module:
    torch.manual_seed(1)
    return network(shape, num_classes, activation)


def drawn_aside(shape: Any, num_classes: int, activation: Any) -> nn.Module:
    """Weights from a generator of its own, the same whatever the seed."""
    model, own = network(shape, num_classes, activation), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.uniform_(-1, 1, generator=own)
    return model


def wrapped(wrapper: Callable[[nn.Module], nn.Module]) -> Callable[..., nn.Module]:
    return lambda *given: wrapper(network(*given))


MODEL = Model(name="broken", factory="a:b", summary="x", minimum_size=4)
MODELS = [
    ("makes a torch module", lambda *given: network(*given).forward),
    ("returns logits for every image size and number of classes", ten_classes),
    ("takes any activation", own_activation),
    ("trains every weight, and evaluates each image by itself", wrapped(_Changed)),
    ("trains every weight, and evaluates each image by itself", wrapped(_BatchMean)),
    ("goes through a state dict", wrapped(_Outside)),
    ("draws its weights from torch's generator", seeded),
    ("draws its weights from torch's generator", drawn_aside),
    ("moves between devices", wrapped(_Stays)),
    ("computes in the precisions it declares", wrapped(_OnlyFloat)),
]

# Data sets


def pictures(
    root: Path, download: bool, *, seed: int = 0, kind: Any = np.uint8, high: int = 256, classes: int = 3
) -> ImageData:
    draw = np.random.default_rng(seed)
    images = draw.integers(0, high, size=(60, 1, 4, 4)).astype(kind)
    labels = np.arange(60) % classes
    return ImageData(images[:40], labels[:40], images[40:], labels[40:], ("a", "b", "c"))


def connecting(root: Path, download: bool) -> ImageData:
    import urllib.request

    urllib.request.urlopen("http://images.invalid/set.zip", timeout=1)
    return pictures(root, download)


def connecting_quietly(root: Path, download: bool) -> ImageData:
    with contextlib.suppress(Exception):
        connecting(root, download)
    return pictures(root, download)


def writing(root: Path, download: bool) -> ImageData:
    if root.is_dir():
        (root / "cache.bin").write_bytes(b"x")
    return pictures(root, download)


def overlapping(root: Path, download: bool) -> ImageData:
    data = pictures(root, download)
    return ImageData(
        data.train_images, data.train_labels, data.train_images[:20], data.train_labels[:20], ["a", "b", "c"]
    )


def changing(draws: Iterator[int], root: Path, download: bool) -> ImageData:
    return pictures(root, download, seed=next(draws))


DATASET = Dataset(name="broken", factory="a:b", summary="x", input_shape=(1, 4, 4), num_classes=3, train_size=40)
DATASETS = [
    ("downloads nothing unless it is asked to", connecting_quietly),
    ("downloads nothing unless it is asked to", writing),
    ("returns images and labels as its record says", lambda *given: pictures(*given, kind=np.float64)),
    ("returns images and labels as its record says", lambda *given: None),
    ("has pixels of one range in every split", lambda *given: pictures(*given, kind=np.float32)),
    ("has every class among its training labels", lambda *given: pictures(*given, classes=2)),
    ("has disjoint splits", overlapping),
    ("reads the same each time", functools.partial(changing, iter(range(100)))),
]

# Schedules


def falling(optimizer: Any, epochs: int, steps: int) -> Any:
    return lr_scheduler.ExponentialLR(optimizer, 0.9)


def negative(optimizer: Any, epochs: int, steps: int) -> Any:
    return lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 - epoch / 4)


class Lossy(lr_scheduler.ExponentialLR):
    """It loads another state than it saved, of no consequence for its rates."""

    def __init__(self, optimizer: Any, *_: Any) -> None:
        self.note = 0
        super().__init__(optimizer, 0.9)

    def step(self, *given: Any) -> None:
        self.note += 1
        super().step(*given)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict | {"note": 0})


class Counting(lr_scheduler.LRScheduler):
    """It counts its steps outside its state dict."""

    def __init__(self, optimizer: Any, *_: Any) -> None:
        self.counts = [0]
        super().__init__(optimizer)

    def get_lr(self) -> list[float | torch.Tensor]:
        self.counts[0] += 1
        return [group["lr"] * (0.9 if self.counts[0] < 4 else 0.5) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        del state["counts"]
        return state


class Following(lr_scheduler.ExponentialLR):
    """Its rate depends on the weights that training leaves."""

    def __init__(self, optimizer: Any, *_: Any) -> None:
        super().__init__(optimizer, 0.9)

    def get_lr(self) -> list[float | torch.Tensor]:
        moved = float(self.optimizer.param_groups[0]["params"][0][0]) != 1
        return [0.05 if moved else group["lr"] for group in self.optimizer.param_groups]


SCHEDULER = Scheduler(name="broken", factory="a:b", summary="x")
SCHEDULERS = [
    (
        "makes the kind of schedule that its record says",
        lambda optimizer, *_: lr_scheduler.ReduceLROnPlateau(optimizer),
    ),
    ("has finite rates that are not negative", negative),
    ("goes through a state dict", Lossy),
    ("goes on where it stopped", Counting),
    ("can be shown without training", Following),
]

# Optimizers


class Plain(torch.optim.Optimizer):
    direction = 1.0

    def __init__(self, parameters: Any, learning_rate: float) -> None:
        super().__init__(parameters, {"lr": learning_rate})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.sub_(weight.grad, alpha=self.direction * group["lr"])


class Climbing(Plain):
    direction = -1.0


class Tiring(Plain):
    """It counts its steps outside its state dict."""

    count = 0

    def step(self, closure: Any = None) -> None:
        self.count += 1
        self.direction = 1 / self.count**0.5
        super().step()


OPTIMIZER = Optimizer(name="broken", factory="a:b", summary="x")
OPTIMIZERS = [
    ("makes a torch optimizer of the weights it is given", lambda parameters, rate: Plain(parameters[:1], rate)),
    ("starts at the learning rate it is given", lambda parameters, rate: Plain(parameters, rate / 2)),
    ("decreases a quadratic", Climbing),
    ("goes through a state dict", Tiring),
]

# Diagnostics


def norms(model: nn.Module, images: Any, labels: Any, loss: Any) -> Iterator[tuple[str, str, float]]:
    for name, weight in model.named_parameters():
        yield name, "norm", float(weight.norm())


def no_number(model: nn.Module, *rest: Any) -> Iterator[tuple[str, str, float]]:
    yield "0", "norm", float("nan")


def training(model: nn.Module, *rest: Any) -> Iterator[tuple[str, str, float]]:
    model.train()
    yield from norms(model, *rest)


def another_name(model: nn.Module, *rest: Any) -> Iterator[tuple[str, str, float]]:
    yield "0", "size", 1.0


DIAGNOSTIC = Diagnostic(name="broken", factory="a:b", summary="x", values=("norm",))
DIAGNOSTICS = [
    ("yields a layer, a name and a finite number", no_number),
    ("yields the values that its record names", another_name),
    ("leaves the model as it was", training),
]

# Executors


class Here:
    """Trains in this process, which a real one must not; it is enough to see the contract."""

    times = 1

    def __init__(self, data_dir: str | None = None) -> None:
        self.data_dir = Path(data_dir or ".")

    def slots(self) -> int:
        return 1

    def run(self, units: Any, emit: Any, stop: Any) -> None:
        for unit in units:
            if self.stopped(stop):
                return
            for _ in range(self.times):
                run_unit(unit, self.data_dir, emit, self.heard(stop))

    def stopped(self, stop: Any) -> bool:
        return bool(stop.is_set())

    def heard(self, stop: Any) -> Any:
        return stop


class Describing(Here):
    """Has what an executor need not have, too."""

    prefetch = 1

    def probe(self, components: Sequence[str], stop: threading.Event) -> list[Node]:
        return [examine_node(components)]


class Speechless(Here):
    def probe(self, components: Sequence[str], stop: threading.Event) -> list[Node]:
        return []


class Silent(Here):
    def run(self, units: Any, emit: Any, stop: Any) -> None:
        super().run(units, lambda event: None if isinstance(event, UnitLost) else emit(event), stop)


class Flattering(Here):
    """Has no failures."""

    def run(self, units: Any, emit: Any, stop: Any) -> None:
        def well(event: Any) -> None:
            failed = isinstance(event, TrialFinished) and event.record.status != "done"
            emit(replace(event, record=replace(event.record, status="diverged")) if failed else event)

        super().run(units, well, stop)


class Claiming(Here):
    """Takes the numbers for its own."""

    def run(self, units: Any, emit: Any, stop: Any) -> None:
        def own(event: Any) -> None:
            finished = isinstance(event, TrialFinished)
            emit(replace(event, record=event.record.with_provenance("")) if finished else event)

        super().run(units, own, stop)


class Unhearing(Here):
    def heard(self, stop: Any) -> Any:
        return None


class NoSlots(Here):
    def slots(self) -> int:
        return 0


class Twice(Here):
    times = 2


class Nameless(Here):
    def run(self, units: Any, emit: Any, stop: Any) -> None:
        super().run(units, lambda event: emit(replace(event, attempt=0)), stop)


class Threaded(Here):
    def run(self, units: Any, emit: Any, stop: Any) -> None:
        thread = threading.Thread(target=super().run, args=(units, emit, stop))
        thread.start()
        thread.join()


class Greedy(Here):
    def run(self, units: Any, emit: Any, stop: Any) -> None:
        super().run([] if stop.is_set() else list(units), emit, stop)


class Deaf(Here):
    def stopped(self, stop: Any) -> bool:
        while stop.is_set():
            time.sleep(0.01)
        return False


EXECUTOR = Executor(name="broken", factory="a:b", summary="x", parameters={"data_dir": Parameter(None, type=str)})
EXECUTORS = [
    ("has a whole number of slots from 1 on", NoSlots),
    ("trains every unit and emits its epochs and records", Twice),
    ("ends every unit in its records or in UnitLost", Silent),
    ("says how a trial failed, and goes on", Flattering),
    ("leaves to a record what it says of the process that made it", Claiming),
    ("lets the unit that runs keep a checkpoint when it is told to stop", Unhearing),
    ("describes its nodes, if it asks them", Speechless),
    ("says of each event which attempt at the unit it belongs to", Nameless),
    ("emits events in the thread that called run()", Threaded),
    ("asks for a unit when it has room for it", Greedy),
    ("returns soon when it is told to stop", Deaf),
]

# Figures


def lines(data: Any) -> MplFigure:
    figure: MplFigure = data.drawing.canvas(3.0)
    axes = figure.subplots()
    for variant in data.answered:
        axes.plot([len(record.epochs) for record in variant.records], color=variant.style.color)
    return figure


def blank(data: Any) -> Any:
    return data.drawing.canvas(3.0)


def restless(data: Any) -> MplFigure:
    figure = lines(data)
    figure.axes[0].set_title(str(next(COUNTER)))
    return figure


def meddling(data: Any) -> MplFigure:
    mpl.rcParams["font.size"] += 1
    return lines(data)


COUNTER = count()
FIGURE = Figure(name="broken", factory="a:b", summary="x")
FIGURES = [
    ("draws a matplotlib figure of a run", blank),
    ("draws the same figure of the same run", restless),
    ("leaves matplotlib's settings as they were", meddling),
]

TABLE = [
    (record, text, factory)
    for record, rows in (
        (ACTIVATION, ACTIVATIONS),
        (MODEL, MODELS),
        (DATASET, DATASETS),
        (SCHEDULER, SCHEDULERS),
        (OPTIMIZER, OPTIMIZERS),
        (DIAGNOSTIC, DIAGNOSTICS),
        (FIGURE, FIGURES),
    )
    for text, factory in rows
]
HEALTHY = [
    (ACTIVATION, Sine),
    (MODEL, network),
    (DATASET, pictures),
    (SCHEDULER, falling),
    (OPTIMIZER, Plain),
    (DIAGNOSTIC, norms),
    (FIGURE, lines),
]


@pytest.mark.parametrize(("record", "factory"), HEALTHY, ids=[record.kind for record, _ in HEALTHY])
def test_what_the_mutations_are_made_from_keeps_every_promise(
    registry: Registry, record: Component, factory: Callable[..., Any]
) -> None:
    finding = look(registry, record, factory, PROMISES[type(record)])
    assert finding.good, str(finding)
    assert set(finding.kept) == {LEAVES_STATE, *(promise.text for promise in PROMISES[type(record)])}


@pytest.mark.parametrize(
    ("record", "text", "factory"), TABLE, ids=[f"{record.kind}: {text}" for record, text, _ in TABLE]
)
def test_a_component_that_breaks_one_promise_is_told_that_one(
    registry: Registry, record: Component, text: str, factory: Callable[..., Any]
) -> None:
    finding = look(registry, record, factory, PROMISES[type(record)])
    assert [breach.promise for breach in finding.breaches] == [text]
    assert len(finding.breaches[0].evidence) > 15


@pytest.mark.slow  # each trains in this process
@pytest.mark.parametrize(("text", "factory"), [("", Here), ("", Describing), *EXECUTORS])
def test_an_executor_that_breaks_one_promise_is_told_that_one(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, text: str, factory: Callable[..., Any]
) -> None:
    monkeypatch.setattr("dlbench.testing.executors.PATIENCE", 300 if factory is not Deaf else 10)
    monkeypatch.setattr("dlbench.testing.executors.MANY_EPOCHS", 50)
    torch.set_float32_matmul_precision("highest")  # as a trial sets it, here for this process
    finding = look(registry, EXECUTOR, factory, EXECUTOR_PROMISES)
    assert [breach.promise for breach in finding.breaches] == ([text] if text else [])


RECORDS = [
    ("has a valid record", Activation(name="a", factory="torch.nn:Tanh")),
    ("has a valid record", Activation(name="a", factory="torch.nn:Tanh", summary="one\ntwo")),
    (
        "has a valid record",
        Activation(name="a", factory="torch.nn:ELU", summary="x", parameters={"alpha": Parameter(1.0, maximum=0.5)}),
    ),
    ("has a factory that can be imported", Activation(name="a", factory="torch.nn:Tanhh", summary="x")),
    ("has a factory that can be imported", Activation(name="a", factory="no_such_module:Tanh", summary="x")),
    (
        "takes its parameters by name, with the record's defaults",
        Activation(name="a", factory="torch.nn:ELU", summary="x", defaults={"beta": 1.0}),
    ),
    (
        "takes its parameters by name, with the record's defaults",
        Activation(name="a", factory="torch.nn:ELU", summary="x", defaults={"alpha": 2.0}),
    ),
    ("takes its parameters by name, with the record's defaults", Model(name="a", factory="torch.nn:ELU", summary="x")),
]


@pytest.mark.parametrize(("text", "record"), RECORDS)
def test_a_record_that_breaks_one_promise_is_told_that_one(registry: Registry, text: str, record: Component) -> None:
    plugin = registry.plugins.by_name["standard"]
    finding = examine("x", Subject(Entry(plugin, record), registry, {}, Path()), RECORD_PROMISES)
    assert [breach.promise for breach in finding.breaches] == [text]


def test_every_promise_of_a_component_has_a_mutation() -> None:
    broken = {(record.kind, text) for record, text, _ in TABLE} | {("executors", text) for text, _ in EXECUTORS}
    promised = {(kind.kind, promise.text) for kind, promises in PROMISES.items() for promise in promises}
    assert broken == promised
    assert {text for text, _ in RECORDS} == {promise.text for promise in RECORD_PROMISES}


def test_evidence_names_the_input_that_shows_it(registry: Registry) -> None:
    finding = look(registry, ACTIVATION, Widened, ACTIVATION_PROMISES)
    assert str(finding) == (
        "activation standard/broken breaks the promise that it keeps shape and type: "
        "float32 (2, 7, 6) in, float32 (2, 14, 6) out"
    )


def test_what_a_component_raises_or_exits_with_is_evidence(registry: Registry) -> None:
    def leave() -> nn.Module:
        raise SystemExit("no more")

    (breach,) = look(registry, ACTIVATION, leave, ACTIVATION_PROMISES).breaches
    assert breach.evidence == "it raised SystemExit: no more"


def test_checking_leaves_threads_and_the_global_generator_as_they_were(registry: Registry) -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    look(registry, MODEL, network, MODEL_PROMISES)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_namespace_is_no_module(registry: Registry) -> None:
    (breach,) = look(registry, MODEL, lambda *_: SimpleNamespace(), MODEL_PROMISES).breaches
    assert breach.promise == "makes a torch module"
