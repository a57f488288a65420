import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import dlbench
from dlbench import Manifest, Selection, Settings, Trial, TrialRecord
from dlbench_mlflow import plugin

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

TRIAL = Trial(
    model=Selection("standard/mlp"),
    activation=Selection("standard/relu"),
    dataset=Selection("standard/digits"),
    scheduler=Selection("standard/constant"),
    optimizer=Selection("standard/sgd", {"momentum": 0.9}, ("momentum",)),
    settings=Settings(),
    seed=4,
)


def make_record(epochs: int = 3, status: str = "done", message: str = "") -> TrialRecord:
    rows = tuple({"epoch": e, "train_loss": 1 / e, "validation_loss": math.nan} for e in range(1, epochs + 1))
    metrics = {"test_accuracy": 0.5, "best_epoch": None}
    return TrialRecord(trial=TRIAL, status=status, message=message, metrics=metrics, epochs=rows)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Run]]]:
    """Name a local file store; the function returned reads its runs back with a client of its own."""
    folder = tmp_path / "mlruns"
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv(plugin.VARIABLE, str(folder))

    def runs() -> list[Run]:
        client = MlflowClient(tracking_uri=str(folder))
        experiments = [e.experiment_id for e in client.search_experiments()]
        return list(client.search_runs(experiments))

    yield runs
    plugin._tracking.cache_clear()


def observe(*records: TrialRecord) -> None:
    variants = [{"variant_id": TRIAL.variant_id, "label": "mlp"}]
    manifest = Manifest(schema=1, name="study", plan={"variants": variants})  # type: ignore[arg-type]  # as JSON
    plugin.dlbench_run_started(manifest=manifest)
    for record in records:
        plugin.dlbench_trial_finished(record=record)


def test_a_trial_is_a_run_with_its_settings_figures_and_name(store: Callable[[], list[Run]]) -> None:
    observe(make_record())
    (run,) = store()
    assert run.info.run_name == "mlp, seed 4"
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer"] == "standard/sgd:momentum=0.9"
    assert run.data.params["seed"] == "4"
    assert run.data.metrics["final.test_accuracy"] == 0.5
    assert run.data.metrics["train_loss"] == pytest.approx(1 / 3)
    assert "final.best_epoch" not in run.data.metrics
    assert run.data.tags["dlbench.variant"] == "mlp"


def test_a_trial_that_varies_a_source_alone_is_called_by_it(store: Callable[[], list[Run]]) -> None:
    observe(replace(make_record(), trial=replace(TRIAL, stream_seeds={"split": 1})))
    (run,) = store()
    assert run.info.run_name == "mlp split=1, seed 4"


def test_curves_go_by_epoch(store: Callable[[], list[Run]]) -> None:
    observe(make_record())
    (run,) = store()
    client = MlflowClient(tracking_uri=os.environ[plugin.VARIABLE])
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert {m.step: m.value for m in history} == pytest.approx({1: 1.0, 2: 1 / 2, 3: 1 / 3})
    assert len(history) == 3
    assert client.get_experiment(run.info.experiment_id).name == "study"


def test_a_long_training_is_written_whole_though_mlflow_takes_a_thousand_at_once(
    store: Callable[[], list[Run]],
) -> None:
    observe(make_record(epochs=600))
    (run,) = store()
    client = MlflowClient(tracking_uri=os.environ[plugin.VARIABLE])
    assert len(client.get_metric_history(run.info.run_id, "validation_loss")) == 600


def test_a_trial_that_runs_again_replaces_its_run_and_a_second_session_goes_on(store: Callable[[], list[Run]]) -> None:
    observe(make_record(epochs=1, status="failed", message="out of luck"))
    (failed,) = store()
    assert failed.info.status == "FAILED"
    assert failed.data.tags["dlbench.message"] == "out of luck"
    observe(make_record(epochs=3))
    (run,) = store()
    assert run.info.status == "FINISHED"
    assert run.info.experiment_id == failed.info.experiment_id


@pytest.mark.parametrize("seed", [4, 5])  # a trial that runs again, and one that has not run before
def test_after_its_experiment_was_deleted_a_run_is_tracked_again_and_what_was_deleted_stays_so(
    store: Callable[[], list[Run]], seed: int
) -> None:
    observe(make_record(status="failed"), make_record())
    (deleted,) = store()
    client = MlflowClient(tracking_uri=os.environ[plugin.VARIABLE])
    client.delete_experiment(deleted.info.experiment_id)
    observe(replace(make_record(), trial=replace(TRIAL, seed=seed)))
    (run,) = store()
    assert run.info.run_name == f"mlp, seed {seed}"
    assert run.info.run_id != deleted.info.run_id
    assert client.get_experiment(run.info.experiment_id).name == "study"


def test_without_a_place_named_nothing_is_written_and_mlflow_not_imported(tmp_path: Path) -> None:
    source = (
        "import sys; from dlbench_mlflow import plugin; plugin.dlbench_run_started(manifest=None); "
        "plugin.dlbench_trial_finished(record=None); "
        "print(sorted({'torch', 'mlflow', 'numpy'} & sys.modules.keys()))"
    )
    environment = {name: value for name, value in os.environ.items() if name != plugin.VARIABLE}
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_real_run_goes_into_a_local_file_store(tmp_path: Path, store: Callable[[], list[Run]]) -> None:
    result = dlbench.compare(
        model="linear", seed=3, epochs=2, results_dir=tmp_path / "results", data_dir=tmp_path / "data"
    )
    (run,) = store()
    (accuracy,) = result.trials["test_accuracy"]
    assert run.data.metrics["final.test_accuracy"] == pytest.approx(accuracy)
