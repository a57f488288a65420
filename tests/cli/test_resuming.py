"""Resuming, --fresh, --force and --reuse, as users type them."""

import csv
import json
import os
import pty
import subprocess
import sys

import pytest

SMALL = ("--activation", "relu,tanh", "--seeds", "2", "--epochs", "1", "--model", "mlp:hidden=8", "--name", "run")


def _rows(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return {(row["activation"], row["seed"]): row for row in csv.DictReader(file)}


def _statuses(folder):
    lines = [line for path in sorted(folder.glob("journal/*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line)["trial_id"] for line in lines]


@pytest.fixture
def folder(dlbench, tmp_path):
    assert dlbench("compare", *SMALL).returncode == 0
    return tmp_path / "results" / "run"


@pytest.mark.slow
def test_force_computes_a_variant_or_a_trial_again_and_nothing_else(dlbench, folder):
    before = _rows(folder)
    done = dlbench("compare", *SMALL, "--force", "tanh")
    assert "[4/4]" in done.stderr
    assert "2 of 4 trials are already complete" in done.stderr
    after = _rows(folder)
    again = {key for key in before if before[key] != after[key]}  # times differ, and nothing else
    assert {activation for activation, _ in again} <= {"standard/tanh"}
    assert len(_statuses(folder)) == 6
    trial_id = before["standard/relu", "1"]["trial_id"]
    assert "3 of 4 trials are already complete" in dlbench("compare", *SMALL, "--force", trial_id).stderr
    assert _statuses(folder)[-1] == trial_id
    assert len(_rows(folder)) == 4
    wrong = dlbench("compare", *SMALL, "--force", "tahn")
    assert wrong.returncode == 2
    assert "Did you mean tanh?" in wrong.stderr


@pytest.mark.slow
def test_fresh_needs_a_yes_and_moves_the_whole_old_folder_aside(dlbench, folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    asked = dlbench("compare", *SMALL, "--fresh")
    assert asked.returncode == 2
    assert "4 trials aside" in asked.stderr
    assert "--yes" in asked.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    done = dlbench("compare", *SMALL, "--fresh", "--yes")
    assert done.returncode == 0
    assert "[4/4]" in done.stderr
    (aside,) = (tmp_path / "results").glob("run.old-*")
    assert f"is now in results/{aside.name}" in done.stderr
    assert {path.name: path.read_bytes() for path in aside.iterdir() if path.is_file()} == before
    assert len(list((folder / "journal").iterdir())) == 1
    assert dlbench("results", "show", aside.name).returncode == 0


@pytest.mark.slow
def test_fresh_is_a_way_out_of_a_folder_that_cannot_be_read(dlbench, folder):
    (folder / "manifest.json").write_text('{"schema": 99, "sessions": []}')
    assert dlbench("compare", *SMALL).returncode == 2
    assert dlbench("compare", *SMALL, "--fresh", "--yes").returncode == 0


def test_at_a_terminal_fresh_asks_and_a_no_changes_nothing(folder, tmp_path, data_dir):
    before = (folder / "manifest.json").read_bytes()
    parent, child = pty.openpty()
    environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "dlbench.cli.main", "compare", *SMALL, "--fresh"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=child, stderr=child, stdout=child) as process:
        os.write(parent, b"n\n")
        assert process.wait(timeout=120) == 2
    os.close(child)
    shown = os.read(parent, 10_000).decode()
    os.close(parent)
    assert "Start over, and set results/run with 4 trials aside? [y/N]" in " ".join(shown.split())
    assert "stays as it is" in " ".join(shown.split())
    assert (folder / "manifest.json").read_bytes() == before


@pytest.mark.slow
def test_reuse_takes_trials_of_the_same_versions_from_another_run_and_says_so(dlbench, folder, tmp_path):
    other = (*SMALL[:-1], "other")
    done = dlbench("compare", *other, "--reuse")
    assert "4 trials taken from run, of the same versions." in done.stderr
    assert "4 taken from other runs" in done.stdout
    assert _rows(tmp_path / "results" / "other") == _rows(folder)  # times included: nothing ran again
    (session,) = json.loads((tmp_path / "results" / "other" / "manifest.json").read_text())["sessions"]
    assert session["reused"] == {"run": 4}
    assert "are already complete" not in dlbench("compare", *SMALL[:-1], "third").stderr  # only with --reuse


def test_reuse_ignores_results_of_another_provenance(dlbench, folder, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sessions"][0]["versions"]["torch"] = "1.0"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = dlbench("compare", *SMALL[:-1], "other", "--reuse")
    assert "taken from" not in done.stderr
    assert "[4/4]" in done.stderr


@pytest.mark.slow
def test_run_takes_the_same_options(dlbench, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'schema = 1\ntitle = "t"\nreport = "r"\nseeds = 1\n[settings]\nepochs = 1\nmodel = "mlp:hidden=8"\n'
        '[axes]\nactivation = ["relu", "tanh"]\n'
    )
    assert dlbench("run", "mine.toml").returncode == 0
    assert "[2/2]" in dlbench("run", "mine.toml", "--force", "relu").stderr
    assert "--yes" in dlbench("run", "mine.toml", "--fresh").stderr
    assert dlbench("run", "mine.toml", "--fresh", "--yes").returncode == 0
    assert "2 trials taken from mine" in dlbench("run", "mine.toml", "--name", "again", "--reuse").stderr


@pytest.mark.slow
def test_the_curves_are_drawn_anew_where_more_seeds_came_from_another_run(dlbench, folder, tmp_path):
    fewer = ("1" if option == "2" else option for option in (*SMALL[:-1], "other"))
    assert dlbench("compare", *fewer).returncode == 0
    figure = tmp_path / "results" / "other" / "figures" / "learning-curves.png"
    before = figure.read_bytes()
    assert "2 taken from other runs" in dlbench("compare", *SMALL[:-1], "other", "--reuse").stdout
    assert figure.read_bytes() != before
    figure = folder / "figures" / "learning-curves.png"
    drawn = figure.stat().st_mtime_ns
    dlbench("compare", *SMALL)
    assert figure.stat().st_mtime_ns == drawn  # nothing is new
