"""A plugin written against the public names of dlbench 0.1.0, before the layers became folders, works unchanged.

The sources are the tutorial's activation and what `dlbench plugins new` wrote then, with a diagnostic beside them. They
stay as they are: do not bring them up to date.
"""

import csv
from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.testing import check_plugin

PLUGIN = '''
    import csv
    from collections import Counter
    from pathlib import Path

    from dlbench import (
        Activation, Dataset, Diagnostic, Executor, Model, Optimizer, Parameter, Scheduler, hookimpl
    )

    SNAKE = Activation(name="snake", factory="veteran_code:Snake", summary="x + sin²(ax)/a", defaults={"a": 1.0})


    @hookimpl
    def dlbench_activations():
        return [SNAKE]


    @hookimpl
    def dlbench_models() -> list[Model]:
        """Return the plugin's models."""
        return [
            Model(
                name="convolutions",
                factory="veteran_code:build_convolutions",
                summary="Two 3×3 convolutions, then the mean over the image",
                parameters={"width": Parameter(16, minimum=1, summary="Channels of each convolution.")},
            ),
        ]


    @hookimpl
    def dlbench_datasets() -> list[Dataset]:
        """Return the plugin's data sets."""
        return [
            Dataset(
                name="bars",
                factory="veteran_code:read_bars",
                summary="Bars across or upright in noise, 8×8; drawn, not read",
                parameters={"noise": Parameter(0.5, minimum=0, summary="Deviation of the noise; a bar is 1.")},
                input_shape=(1, 8, 8),
                num_classes=2,
                train_size=800,
                licence="none needed: the images are drawn",
            ),
        ]


    @hookimpl
    def dlbench_schedulers() -> list[Scheduler]:
        """Return the plugin's learning-rate schedules."""
        return [
            Scheduler(
                name="hold-and-fall",
                factory="veteran_code:make_hold_and_fall",
                summary="Hold the rate, then fall to zero in a straight line",
                parameters={"fall": Parameter(0.5, minimum=0, maximum=1, summary="Share of the steps that fall.")},
                interval="step",
            ),
        ]


    @hookimpl
    def dlbench_optimizers() -> list[Optimizer]:
        """Return the plugin's optimizers."""
        return [Optimizer(name="plain", factory="veteran_code:plain", summary="Plain descent")]


    @hookimpl
    def dlbench_diagnostics():
        return [
            Diagnostic(
                name="spread", factory="veteran_code:spread", summary="Spread of the logits",
                values=["logit_spread", "rate"], needs=["learning_rate"],
            )
        ]


    @hookimpl
    def dlbench_executors() -> list[Executor]:
        """Return the plugin's executors."""
        return [
            Executor(
                name="one-process",
                factory="veteran_code:OneProcess",
                summary="One trial after another, in one process beside this one",
                parameters={"data_dir": Parameter(None, type=str, summary="Data folder; none: the session's.")},
            ),
        ]


    @hookimpl
    def dlbench_veto(trial):
        return "bars are too plain for tanh" if trial.activation.name == "standard/tanh" else None


    HEARD = []


    @hookimpl
    def dlbench_run_started(manifest):
        HEARD.append(f"{manifest.name}: {manifest.planned} planned")


    @hookimpl
    def dlbench_epoch_finished(trial, metrics):
        HEARD.append(f"{trial.activation.short} {trial.seed}: epoch {metrics['epoch']}")


    @hookimpl
    def dlbench_trial_finished(record):
        HEARD.append(f"{record.trial.activation.short} {record.trial.seed}: {record.status}")


    @hookimpl
    def dlbench_run_finished(folder: Path) -> None:
        """Count how the trials of a finished run ended, in a file of its folder."""
        with (folder / "trials.csv").open(encoding="utf-8", newline="") as file:
            counts = Counter(row["status"] for row in csv.DictReader(file))
        lines = [f"{status}: {count}\\n" for status, count in sorted(counts.items())]
        (folder / "veteran.txt").write_text("\\n".join(HEARD) + "\\n" + "".join(lines), encoding="utf-8")
'''

CODE = '''
    import threading
    from collections.abc import Callable, Iterable
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from pathlib import Path
    from typing import Any

    import numpy as np
    import torch
    from torch import nn
    from torch.optim.lr_scheduler import LambdaLR

    from dlbench import ImageData, WorkUnit, run_unit


    class Snake(nn.Module):
        def __init__(self, a=1.0):
            super().__init__()
            self.a = a

        def forward(self, x):
            return x + torch.sin(self.a * x) ** 2 / self.a


    def build_convolutions(
        input_shape: tuple[int, int, int], num_classes: int, activation: Callable[[], nn.Module], width: int = 16
    ) -> nn.Module:
        channels, _height, _width = input_shape
        return nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=3, padding=1),
            activation(),
            nn.Conv2d(width, width, kernel_size=3, padding=1),
            activation(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width, num_classes),
        )


    def read_bars(root: Path, download: bool, noise: float = 0.5) -> ImageData:
        draw = np.random.default_rng(0)
        labels = draw.integers(0, 2, size=1000)
        places = draw.integers(0, 8, size=1000)
        images = draw.normal(0, noise, size=(1000, 1, 8, 8)).astype(np.float32)
        for image, label, place in zip(images, labels, places, strict=True):
            bar = image[0, place] if label == 0 else image[0, :, place]
            bar += 1
        return ImageData(images[:800], labels[:800], images[800:], labels[800:], class_names=("across", "upright"))


    def make_hold_and_fall(optimizer, total_epochs: int, steps_per_epoch: int, fall: float = 0.5):
        steps = total_epochs * steps_per_epoch
        falling = max(1.0, fall * steps)
        return LambdaLR(optimizer, lambda step: min(1.0, max(0.0, (steps - step) / falling)))


    def plain(parameters, learning_rate):
        return torch.optim.SGD(parameters, lr=learning_rate)


    def spread(model, probe_images, probe_labels, loss, learning_rate):
        with torch.no_grad():
            yield "", "logit_spread", model(probe_images).std().item()
        yield "", "rate", learning_rate


    def train(unit: dict[str, Any], data_dir: str) -> list[Any]:
        """Train one unit where this runs, and return its events."""
        events: list[Any] = []
        run_unit(WorkUnit.from_json(unit), Path(data_dir), events.append)
        return events


    class OneProcess:
        """One worker process; torch is imported there, never in the process that plans."""

        def __init__(self, data_dir: str | None = None) -> None:
            self.data_dir = data_dir or "."

        def slots(self) -> int:
            """Return how many units run at once."""
            return 1

        def run(self, units: Iterable[WorkUnit], emit: Callable[[Any], None], stop: threading.Event) -> None:
            """Run units until all are through or `stop` is set, and pass their events on."""
            with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
                for unit in units:
                    if stop.is_set():
                        return
                    for event in pool.submit(train, unit.to_json(), self.data_dir).result():
                        emit(event)
'''


@pytest.fixture
def veteran(install, tmp_path: Path) -> None:
    install("veteran", PLUGIN, requires="dlbench>=0.1,<0.3")
    (tmp_path / "site-packages" / "veteran_code.py").write_text(dedent(CODE), encoding="utf-8")


@pytest.mark.usefixtures("veteran")
def test_its_components_and_observers_keep_every_promise() -> None:
    findings = check_plugin("veteran", names=["snake", "convolutions", "bars", "hold-and-fall", "plain", "spread"])
    assert [finding.subject for finding in findings if finding.kept] == [
        "model veteran/convolutions",
        "activation veteran/snake",
        "data set veteran/bars",
        "schedule veteran/hold-and-fall",
        "optimizer veteran/plain",
        "diagnostic veteran/spread",
    ]
    assert [str(finding) for finding in findings if not finding.good] == []


@pytest.mark.slow
@pytest.mark.usefixtures("veteran")
def test_its_components_train_in_its_executor_while_its_observers_listen(dlbench, tmp_path: Path) -> None:
    components = ["--model", "convolutions", "--dataset", "bars", "--scheduler", "hold-and-fall"]
    axes = ["--activation", "snake,snake:a=2,tanh", "--optimizer", "plain", "--diagnostics", "spread,last"]
    options = ["--executor", "one-process", "--epochs", "1", "--seeds", "1", "--name", "old"]
    done = dlbench("compare", *components, *axes, *options)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "results" / "old"
    heard = (run / "veteran.txt").read_text(encoding="utf-8").splitlines()
    assert heard == [
        "old: 2 planned",
        *("snake 0: epoch 1", "snake 0: done"),
        *("snake:a=2 0: epoch 1", "snake:a=2 0: done"),
        *("done: 2", "vetoed: 1"),
    ]
    assert "bars are too plain for tanh" in done.stdout + done.stderr
    with (run / "diagnostics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["diagnostic"] for row in rows] == ["logit_spread", "rate"] * 2
