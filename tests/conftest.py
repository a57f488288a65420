import importlib
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import settings

from dlbench.cli.main import main
from dlbench.components.choice import Selection
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

# The same examples each time, and few enough for a suite that is run often.
settings.register_profile("dlbench", max_examples=40, deadline=None, derandomize=True, database=None)
settings.load_profile("dlbench")

Install = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def _no_personal_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have an environment and a configuration of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLBENCH_PLUGINS", raising=False)
        patch.delenv("DLBENCH_RESULTS_DIR", raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        yield


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in plugins alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLBENCH_PLUGINS", "")
        return Registry.load()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a plugin as pip leaves it: a module and a .dist-info folder on the import path.

    Called with the plugin's name and the source of its module. The distribution is named dlbench-<name>.
    """
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def write(name: str, source: str = "", *, distribution: str = "", requires: str = "", value: str = "") -> None:
        distribution = distribution or f"dlbench-{name}".replace(" ", "-")
        module, version = re.sub(r"\W", "_", f"fake {distribution}"), "1.2"
        if source:
            (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        folder = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requires}"] * bool(requires)
        (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(f"[dlbench]\n{name} = {value or module}\n", encoding="utf-8")
        importlib.invalidate_caches()

    yield write
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{site}{os.sep}"):
            del sys.modules[name]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A data folder of its own, so that what one test prepares serves the others."""
    return tmp_path_factory.mktemp("data")


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def dlbench(tmp_path, data_dir, monkeypatch, capsys):
    """Run the command in this process, in an empty folder: real workers, from a server that stays warm."""

    def run(*arguments, data=data_dir, columns=100):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DLBENCH_DATA_DIR", str(data))
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.delenv("DLBENCH_RESULTS_DIR", raising=False)
        monkeypatch.setattr(sys, "argv", ["dlbench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Finished(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def compare(dlbench):
    """Run a comparison with --json and return its document."""

    def run(*arguments, **options):
        done = dlbench("compare", *arguments, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def real_data_dir():
    """The folder with the genuine MNIST and CIFAR-10, where there is one."""
    folder = Path(os.environ.get("DLBENCH_DATA_DIR") or "nowhere").absolute()
    if not (folder / "MNIST" / "raw").is_dir() or not (folder / "cifar-10-batches-bin").is_dir():
        pytest.skip("needs genuine MNIST and CIFAR-10 in DLBENCH_DATA_DIR")
    return folder


MakeRecord = Callable[..., TrialRecord]
MakePlan = Callable[..., PlanRecord]


def _trial(activation: str, seed: int, settings: dict[str, Any]) -> Trial:
    return Trial(
        model=Selection("standard/mlp", {"hidden": (128, 64)}),
        activation=Selection(f"standard/{activation}"),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=replace(Settings(device="cpu"), **settings),
        seed=seed,
        dataset_digest="abc",
        input_shape=(1, 8, 8),
        num_classes=3,
    )


def _record(
    activation: str = "relu",
    seed: int = 0,
    accuracy: float = 0.9,
    epochs: int = 3,
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> TrialRecord:
    rows = tuple(
        {
            "epoch": epoch,
            "learning_rate": 0.001,
            "train_loss": 1 / epoch,
            "train_accuracy": accuracy,
            "validation_loss": 1.1 / epoch,
            "validation_accuracy": accuracy * epoch / epochs,
            "seconds": 0.25,
        }
        for epoch in range(1, epochs + 1)
    )
    record = TrialRecord(
        trial=_trial(activation, seed, settings or {}),
        status="done",
        metrics={
            "train_loss": 0.1,
            "train_accuracy": accuracy,
            "validation_loss": 0.3,
            "validation_accuracy": accuracy,
            "test_loss": 0.4 - accuracy / 10,
            "test_accuracy": accuracy - 0.01,
            "best_epoch": epochs,
            "epochs_run": epochs,
        },
        cost={
            "train_seconds": 0.75,
            "images_per_second": 12345.6,
            "parameters": 17000,
            "flops_per_image": 34000,
            "peak_memory_mb": None,
        },
        epochs=rows,
        confusion=((5, 0, 1), (0, 6, 0), (0, 0, 7)),
        class_names=("zero", "one", "two"),
    )
    return replace(record, **changes)


def _plan(
    activations: Sequence[str] = ("relu", "tanh"), seeds: Sequence[int] = (0, 1, 2), **settings: Any
) -> PlanRecord:
    return PlanRecord(
        axes={"activation": tuple(activations)},
        fixed={"dataset": "standard/digits", "model": "standard/mlp", "epochs": "10"},
        variants=tuple(
            PlannedVariant(label=name, values={"activation": name}, variant_id=_trial(name, 0, settings).variant_id)
            for name in activations
        ),
        seeds=tuple(seeds),
        baseline=activations[0],
    )


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    return _record


@pytest.fixture(scope="session")
def make_plan() -> MakePlan:
    return _plan


@pytest.fixture
def make_study() -> Callable[..., tuple[list[TrialRecord], PlanRecord]]:
    """Return the function that makes records and the plan of activations on data sets, by the accuracy of each run."""

    def make(
        datasets: Sequence[str],
        accuracy: Callable[[str, str, int], float],
        seeds: Sequence[int] = range(6),
        sizes: Sequence[int] = (64,),
        names: Sequence[str] = ("relu", "tanh", "elu"),
    ) -> tuple[list[TrialRecord], PlanRecord]:
        variants, records = [], []
        for name, dataset, size in product(names, datasets, sizes):
            made = [_record(name, seed, accuracy(name, dataset, seed), settings={"batch_size": size}) for seed in seeds]
            made = [replace(r, trial=replace(r.trial, dataset=Selection(f"own/{dataset}"))) for r in made]
            values = {"activation": name, "dataset": dataset}
            values |= {"batch_size": str(size)} if len(sizes) > 1 else {}
            label, variant_id = ", ".join(values.values()), made[0].trial.variant_id
            variants.append(PlannedVariant(label=label, values=values, variant_id=variant_id))
            records += made
        axes = {"activation": tuple(names), "dataset": tuple(datasets)}
        axes |= {"batch_size": tuple(map(str, sizes))} if len(sizes) > 1 else {}
        baseline = variants[0].label
        return records, PlanRecord(axes=axes, fixed={}, variants=tuple(variants), seeds=tuple(seeds), baseline=baseline)

    return make


@pytest.fixture
def provenance() -> dict[str, Any]:
    return {
        "versions": {"dlbench": "0.1.0", "torch": "2.9.0", "torchvision": "0.24.0", "numpy": "2.4", "python": "3.11"},
        "plugins": {"foundations": "0.1.0"},
        "hardware": {"cpu": "A CPU", "cores": 2, "gpu": None},
        "git_commit": None,
    }


@pytest.fixture
def typical_values() -> Callable[[Sequence[float]], tuple[float, float]]:
    """Return the ends of the sign-flip test's 95 % interval, from the means of all subsets: Hartigan 1969."""

    def ends(differences: Sequence[float]) -> tuple[float, float]:
        n = len(differences)
        chosen = [[x for x, taken in zip(differences, row, strict=True) if taken] for row in product((0, 1), repeat=n)]
        means = sorted(sum(subset) / len(subset) for subset in chosen if subset)
        k = math.floor(0.025 * 2**n)
        return means[k - 1], means[-k]

    return ends


@pytest.fixture
def charts_library(monkeypatch):
    """Pages with charts, whether or not their library is installed, and without the seconds that bundling it takes."""
    from dlbench.report.html import page, script

    monkeypatch.setattr(script, "_library", lambda: "window.vegaEmbed = null;")
    for module in (script, page):
        monkeypatch.setattr(module, "is_interactive", lambda: True)
    script.page_script.cache_clear()
    yield
    script.page_script.cache_clear()
