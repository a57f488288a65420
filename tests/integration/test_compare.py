"""`dlbench compare` as users run it: its own process, real workers, a run folder."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

SMALL = ("--epochs", "2", "--model", "mlp:hidden=16")


def _read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _rows(folder):
    return {(row["activation"], row["seed"]): row for row in _read(folder / "trials.csv")}


def _rows_by_id(folder):
    return {row["trial_id"]: row for row in _read(folder / "trials.csv")}


def _numbers(rows):
    """Return what must not change from run to run: all columns except those of measured time and memory."""
    measured = {"train_seconds", "images_per_second", "peak_memory_mb"}
    return {key: {name: value for name, value in row.items() if name not in measured} for key, row in rows.items()}


def test_the_same_command_twice_computes_once_and_more_seeds_extend_the_folder(compare, tmp_path):
    first = compare("--activation", "relu,tanh", "--seeds", "2", *SMALL)
    folder = tmp_path / first["path"]
    before = _rows(folder)
    again = compare("--activation", "relu,tanh", "--seeds", "2", *SMALL)
    assert again["path"] == first["path"]
    assert _rows(folder) == before  # times included: nothing ran again
    more = compare("--activation", "relu,tanh,elu", "--seeds", "3", *SMALL)
    assert more["path"] == first["path"]
    after = _rows(folder)
    assert len(after) == 9
    assert before.items() <= after.items()
    assert len(list((folder / "journal").glob("*.jsonl"))) == 2


@pytest.mark.slow
def test_a_seed_has_the_same_numbers_alone_and_among_others_on_any_number_of_workers(compare, tmp_path):
    alone = compare("--seed", "3", "--name", "alone", "--jobs", "1", *SMALL)
    among = compare("--seed", "1,3,2", "--name", "among", "--jobs", "3", *SMALL)
    one, three = (_numbers(_rows(tmp_path / run["path"])) for run in (alone, among))
    assert len(three) == 3
    assert one.items() <= three.items()


@pytest.mark.slow
def test_step_losses_come_on_request_and_change_no_number(compare, tmp_path):
    without = compare("--seeds", "2", "--batch-size", "64,128", *SMALL)
    folder = tmp_path / without["path"]
    before = _rows_by_id(folder)
    assert not (folder / "steps.csv").exists()
    compare("--seeds", "2", "--batch-size", "64,128", "--step-losses", *SMALL)
    assert _numbers(_rows_by_id(folder)) == _numbers(before)
    losses = {}
    for row in _read(folder / "steps.csv"):
        losses.setdefault(row["trial_id"], []).append(float(row["train_loss"]))
    assert losses.keys() == before.keys()
    # 1437 − 287 = 1150 images: 18 or 9 steps an epoch, two epochs.
    assert sorted(map(len, losses.values())) == [18, 18, 36, 36]
    assert (folder / "figures").exists()


@pytest.mark.slow
def test_one_two_and_four_workers_give_the_same_numbers_to_the_last_bit(compare, tmp_path):
    busy = ("--model", "mlp:hidden=16:dropout=0.3", "--augment", "flip", "--select", "best-on-test", "--epochs", "3")
    runs = [
        compare("--activation", "relu,tanh", "--seeds", "3", "--jobs", jobs, "--name", f"on-{jobs}", *busy)
        for jobs in ("1", "2", "4")
    ]
    one, two, four = (_numbers(_rows(tmp_path / run["path"])) for run in runs)
    assert len(one) == 6
    assert one == two == four


def test_a_run_folder_holds_what_the_design_promises(compare, tmp_path):
    folder = tmp_path / compare("--optimizer", "sgd:momentum=0.9,adam", "--seeds", "1", *SMALL)["path"]
    files = {path.relative_to(folder).as_posix().split("/")[0] for path in folder.rglob("*")}
    views = {"trials.csv", "epochs.csv", "confusion.csv", "comparison.csv"}
    assert files == {"journal", "manifest.json", "figures", *views}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["plan"]["axes"] == {"optimizer": ["sgd:momentum=0.9", "adam"]}
    (session,) = manifest["sessions"]
    assert {"dlbench", "torch", "python"} <= session["versions"].keys()
    assert session["ended"] >= session["started"]
    rows = _read(folder / "trials.csv")
    assert {row["optimizer"] for row in rows} == {"standard/sgd:momentum=0.9", "standard/adam"}
    assert all(0 <= float(row["test_accuracy"]) <= 1 for row in rows)
    epochs = _read(folder / "epochs.csv")
    assert [row["epoch"] for row in epochs] == ["1", "2"] * 2
    counts = sum(int(row["count"]) for row in _read(folder / "confusion.csv"))
    assert counts == 2 * 360  # the test images of digits, for both trials


def test_a_pipe_gets_the_table_and_standard_error_the_progress(dlbench):
    done = dlbench("compare", "--activation", "relu,tanh", "--seeds", "1", *SMALL)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "n = 1: no claim" in done.stdout
    assert "[2/2]" in done.stderr


@pytest.mark.slow
def test_quiet_prints_the_folder_alone(dlbench, tmp_path):
    done = dlbench("compare", "--seeds", "1", "--quiet", *SMALL)
    assert done.stderr == ""
    assert (tmp_path / done.stdout.strip() / "trials.csv").is_file()


@pytest.mark.slow
def test_a_variant_list_needs_no_product_and_a_veto_leaves_the_rest(dlbench):
    done = dlbench(
        *("compare", "--seeds", "1", "--epochs", "1"),
        *("--variant", "label=small;model=mlp:hidden=8;batch-size=128"),
        *("--variant", "label=flat;model=linear;learning-rate=0.01"),
        *("--variant", "label=deep;model=torchvision/alexnet"),
    )
    assert done.returncode == 0, done.stderr
    assert "small" in done.stdout
    assert "deep: skipped: images of 8×8 are too small for alexnet, which needs 63×63." in done.stdout


def test_a_named_folder_rejects_different_fixed_settings_and_lists_them(compare, dlbench, tmp_path):
    compare("--name", "mine", "--seeds", "1", *SMALL)
    done = dlbench("compare", "--name", "mine", "--seeds", "1", "--model", "mlp:hidden=16", "--epochs", "3")
    assert done.returncode == 2
    assert "epochs is 2 there and 3 here" in done.stderr.replace("\n", " ")
    assert len(_rows(tmp_path / "results" / "mine")) == 1


@pytest.mark.slow
def test_results_of_other_versions_need_a_decision(compare, dlbench, tmp_path):
    folder = tmp_path / compare("--seeds", "1", *SMALL)["path"]
    manifest = json.loads((folder / "manifest.json").read_text()) | {"schema": 1}
    del manifest["checksums"]  # as a dlbench wrote it that had none
    session = manifest["sessions"][0]
    (journal,) = folder.glob("journal/*")
    record = json.loads(journal.read_text()) | {"provenance_id": "0" * 12}
    old = {key: value for key, value in record.items() if key not in ("format", "checksum")}
    journal.write_text(json.dumps(old) + "\n")
    session["versions"]["torch"], session["provenance_id"] = "2.0.0", "0" * 12
    (folder / "manifest.json").write_text(json.dumps(manifest))
    refused = dlbench("compare", "--seeds", "1", *SMALL)
    assert refused.returncode == 2
    assert "torch 2.0.0 →" in refused.stderr
    assert "--accept-old" in refused.stderr
    assert dlbench("compare", "--seeds", "1", *SMALL, "--accept-old").returncode == 0
    again = dlbench("compare", "--seeds", "1", *SMALL, "--redo-stale")
    assert "[1/1]" in again.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interrupt_keeps_what_has_finished_and_the_same_command_continues(compare, tmp_path, data_dir):
    compare("--seeds", "1", "--name", "prepare", *SMALL)
    arguments = ["compare", "--seeds", "40", "--epochs", "6", "--jobs", "1", "--name", "long"]
    command = [sys.executable, "-m", "dlbench.cli.main", *arguments]
    environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "[ 1/40]" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping" in errors
    assert "Traceback" not in errors
    kept = len(_rows(tmp_path / "results" / "long"))
    assert 1 <= kept < 40
    time.sleep(0.5)
    remaining = subprocess.run(["pgrep", "-f", f"{tmp_path}"], capture_output=True, text=True, check=False)
    assert remaining.stdout == ""


@pytest.mark.slow
def test_a_time_limit_ends_like_an_interrupt(dlbench, tmp_path):
    done = dlbench("compare", "--seeds", "300", "--epochs", "20", "--max-time", "6", "--name", "limited")
    assert done.returncode == 130
    assert "trials are missing: run the same command again" in done.stdout


@pytest.mark.slow
def test_a_script_without_a_main_guard_calls_compare_and_gets_frames(tmp_path, data_dir):
    script = tmp_path / "script.py"
    script.write_text(
        "import dlbench, sys\n"
        "result = dlbench.compare(activation=['relu', 'tanh'], seeds=2, epochs=1, model='mlp:hidden=8')\n"
        "assert 'torch' not in sys.modules\n"
        "print(len(result.trials), len(result.epochs), list(result.summary['label']))\n"
        "again = dlbench.load_results(result.path)\n"
        "assert again.trials.equals(result.trials)\n"
    )
    environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "4 4 ['relu', 'tanh']", done.stderr


def test_auto_is_resolved_before_a_trial_gets_its_identity(compare, tmp_path):
    values = ("--seeds", "1", "--epochs", "1", "--model", "mlp:hidden=4")
    folder = tmp_path / compare("--matmul-precision", "auto", "--precision", "auto", *values)["path"]
    (row,) = _read(folder / "trials.csv")
    assert row["matmul_precision"] in ("highest", "high", "medium")
    assert row["precision"] in ("float32", "bfloat16")
    assert row["fused"] == "true"
