import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

import dlbench
from dlbench import Manifest, Selection, Settings, Trial, TrialRecord, load_results
from dlbench_tensorboard import plugin

pytest.importorskip("tensorboard", reason="tensorboard is not installed")

from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def make_trial(model: str, seed: int) -> Trial:
    return Trial(
        model=Selection(f"standard/{model}"),
        activation=Selection("standard/relu"),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/sgd", {"momentum": 0.9}, ("momentum",)),
        settings=Settings(),
        seed=seed,
    )


def make_record(trial: Trial, epochs: int = 3, status: str = "done") -> TrialRecord:
    rows = tuple({"epoch": e, "train_loss": 1 / e, "validation_loss": math.nan} for e in range(1, epochs + 1))
    metrics = {"test_accuracy": 0.5 + trial.seed / 10, "epochs_run": epochs, "best_epoch": None}
    return TrialRecord(trial=trial, status=status, metrics=metrics, cost={"parameters": 7}, epochs=rows)  # type: ignore[arg-type]


TRIALS = [make_trial(model, seed) for model in ("mlp", "linear") for seed in (0, 1)]


@pytest.fixture(autouse=True)
def _forget_writers() -> Iterator[None]:
    yield
    plugin._writer.cache_clear()


@pytest.fixture
def observe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Hand a run of these records to the observers, as a session does."""

    def observe(*records: TrialRecord) -> Path:
        monkeypatch.setenv(plugin.VARIABLE, str(tmp_path / "runs"))
        variants = [{"variant_id": t.variant_id, "label": t.model.short} for t in TRIALS[::2]]
        manifest = Manifest(schema=1, name="study", plan={"variants": variants})  # type: ignore[arg-type]  # as JSON
        plugin.dlbench_run_started(manifest=manifest)
        for record in records:
            for row in record.epochs:
                plugin.dlbench_epoch_finished(trial=record.trial, metrics=row)  # type: ignore[arg-type]
            plugin.dlbench_trial_finished(record=record)
        return tmp_path / "runs"

    return observe


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def points(events: EventAccumulator, tag: str) -> dict[int, float]:
    found = [(event.step, float(event.tensor_proto.float_val[0])) for event in events.Tensors(tag)]
    assert len({step for step, _ in found}) == len(found)
    return dict(found)


def test_curves_are_read_back_by_tensorboard_with_the_epoch_as_their_step(observe: Callable[..., Path]) -> None:
    events = read(observe(make_record(TRIALS[1])) / "study" / "mlp" / "seed-1")
    assert points(events, "train_loss") == pytest.approx({1: 1.0, 2: 1 / 2, 3: 1 / 3})
    assert [math.isnan(value) for value in points(events, "validation_loss").values()] == [True] * 3
    assert points(events, "final/test_accuracy") == pytest.approx({3: 0.6})
    assert "epoch" not in events.Tags()["tensors"]
    assert "final/best_epoch" not in events.Tags()["tensors"]


def test_a_trial_that_runs_again_replaces_its_curves_and_no_other_file(observe: Callable[..., Path]) -> None:
    folder = observe(make_record(TRIALS[0], epochs=2, status="failed")) / "study" / "mlp" / "seed-0"
    (folder / "events.out.tfevents.1.somebody-else").write_bytes(b"")
    observe(make_record(TRIALS[0], epochs=3))
    assert list(points(read(folder), "train_loss")) == [1, 2, 3]
    assert len(list(folder.iterdir())) == 2


def test_a_trial_that_varies_a_source_alone_has_a_folder_that_says_so(observe: Callable[..., Path]) -> None:
    folder = observe(make_record(replace(TRIALS[0], stream_seeds={"split": 1}))) / "study"
    assert [path.name for path in folder.iterdir()] == ["mlp split=1"]


def test_without_a_folder_named_nothing_is_written_and_tensorboard_not_imported(tmp_path: Path) -> None:
    source = (
        "import sys; from dlbench_tensorboard import plugin; plugin.dlbench_run_started(manifest=None); "
        "plugin.dlbench_epoch_finished(trial=None, metrics={}); plugin.dlbench_trial_finished(record=None); "
        "print(sorted({'torch', 'tensorboard', 'numpy'} & sys.modules.keys()))"
    )
    environment = {name: value for name, value in os.environ.items() if name != plugin.VARIABLE}
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def ask(url: str, question: dict[str, Any]) -> Any:
    request = Request(url, json.dumps(question).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Start TensorBoard itself on a folder and return its address."""
    servers = []

    def start(folder: Path) -> str:
        board = program.TensorBoard()
        board.configure(argv=["tensorboard", "--logdir", str(folder), "--port", "0", "--load_fast", "false"])
        server = board._make_server()
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return str(server.get_url())

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


# The server renders descriptions through libraries that tell their own authors of deprecations.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_s_own_hparams_page_lists_variants_as_groups_with_their_settings(
    observe: Callable[..., Path], serve: Callable[[Path], str]
) -> None:
    folder = observe(*map(make_record, TRIALS[:3]), make_record(TRIALS[3], status="failed"))
    url = serve(folder).rstrip("/") + "/data/plugin/hparams/"
    ask(url + "experiment", {"experimentName": ""})
    wanted = ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_UNKNOWN", "STATUS_RUNNING"]
    metric = {"metric": {"group": "", "tag": "final/test_accuracy"}}
    groups = ask(
        url + "session_groups",
        {"experimentName": "", "allowedStatuses": wanted, "colParams": [metric], "sliceSize": 9, "startIndex": 0},
    )["sessionGroups"]
    assert {group["hparams"]["model"] for group in groups} == {"standard/mlp", "standard/linear"}
    assert all(group["hparams"]["optimizer"] == "standard/sgd:momentum=0.9" for group in groups)
    assert all(group["hparams"]["learning_rate"] == pytest.approx(0.001) for group in groups)
    statuses = {group["hparams"]["model"]: sorted(s["status"] for s in group["sessions"]) for group in groups}
    assert statuses["standard/mlp"] == ["STATUS_SUCCESS"] * 2
    assert statuses["standard/linear"] == ["STATUS_FAILURE", "STATUS_SUCCESS"]


@pytest.mark.slow
def test_a_real_run_s_curves_are_those_of_its_epochs_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plugin.VARIABLE, str(tmp_path / "runs"))
    result = dlbench.compare(
        model="linear", seed=3, epochs=2, results_dir=tmp_path / "results", data_dir=tmp_path / "data"
    )
    epochs = load_results(result.path).epochs
    (folder,) = (tmp_path / "runs").rglob("seed-3")
    assert points(read(folder), "validation_accuracy") == pytest.approx(
        dict(zip(epochs["epoch"], epochs["validation_accuracy"], strict=True)), rel=1e-6
    )


def test_a_resumed_trial_shows_the_epochs_before_its_interruption_too(observe: Callable[..., Path]) -> None:
    whole = make_record(TRIALS[1], epochs=5)
    observe()
    for row in whole.epochs[3:]:  # what a session that resumes the trial sees
        plugin.dlbench_epoch_finished(trial=whole.trial, metrics=row)  # type: ignore[arg-type]
    plugin.dlbench_trial_finished(record=whole)
    events = read(observe() / "study" / "mlp" / "seed-1")
    assert points(events, "train_loss") == pytest.approx({epoch: 1 / epoch for epoch in range(1, 6)})


def test_while_a_resumed_trial_runs_the_epochs_of_the_session_before_stay_in_view(observe: Callable[..., Path]) -> None:
    whole = make_record(TRIALS[1], epochs=5)
    folder = observe() / "study" / "mlp" / "seed-1"
    for row in whole.epochs[:3]:
        plugin.dlbench_epoch_finished(trial=whole.trial, metrics=row)  # type: ignore[arg-type]
    for writer in plugin._writer(os.environ[plugin.VARIABLE])._open.values():
        writer.close()  # the session is interrupted
    plugin._writer.cache_clear()
    observe()
    for row in whole.epochs[3:]:
        plugin.dlbench_epoch_finished(trial=whole.trial, metrics=row)  # type: ignore[arg-type]
    for writer in plugin._writer(os.environ[plugin.VARIABLE])._open.values():
        writer.flush()
    assert points(read(folder), "train_loss") == pytest.approx({epoch: 1 / epoch for epoch in range(1, 6)})
    plugin.dlbench_trial_finished(record=whole)
    assert points(read(folder), "train_loss") == pytest.approx({epoch: 1 / epoch for epoch in range(1, 6)})
    assert len(list(folder.iterdir())) == 1
