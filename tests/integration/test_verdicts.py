"""Verdicts as users see them: fixed before running, other criteria later, growing seeds, a noise floor."""

import csv
import json

import pytest

SMALL = ("--epochs", "2", "--model", "mlp:hidden=8,mlp:hidden=64")


def _manifest(path):
    return json.loads((path / "manifest.json").read_text())


def _rows(path, name="comparison.csv"):
    with (path / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_clear_difference_is_in_the_table_the_file_and_the_json_document(dlbench, compare, tmp_path):
    done = dlbench("compare", *SMALL, "--seeds", "6", "--name", "clear")
    assert done.returncode == 0, done.stderr
    assert "mlp:hidden=64 is better than mlp:hidden=8 by " in done.stdout
    assert "n = 6 paired seeds, adjusted p = 0.031" in done.stdout
    document = compare(*SMALL, "--seeds", "6", "--name", "clear")
    assert any(text in done.stdout for text in document["sentences"])
    baseline, row = _rows(tmp_path / "results" / "clear")
    assert (baseline["verdict"], row["verdict"], row["n"]) == ("baseline", "better", "6")
    assert document["comparison"][1]["difference"] == float(row["difference"])
    trials = _rows(tmp_path / "results" / "clear", "trials.csv")
    assert {trial["epochs_to_target"] for trial in trials} <= {"1.0", "2.0", "inf"}
    assert [row["variant"] for row in document["convergence"]] == ["mlp:hidden=8", "mlp:hidden=64"]


@pytest.mark.slow
def test_fixed_criteria_stay_and_later_ones_are_marked(dlbench, compare, tmp_path):
    fixed = ("--metric", "test_loss", "--margin", "0.01", "--baseline", "mlp:hidden=64")
    document = compare(*SMALL, "--seeds", "3", "--name", "fixed", *fixed)
    assert document["departures"] == []
    judging = _manifest(tmp_path / "results" / "fixed")["plan"]["judging"]
    assert (judging["metric"], judging["margin"], judging["baseline"]) == ("test_loss", 0.01, "mlp:hidden=64")
    later = dlbench("results", "show", "fixed", "--metric", "test_accuracy")
    assert "Asked after running: metric test_accuracy, fixed before running: test_loss" in later.stdout
    again = compare(*SMALL, "--seeds", "3", "--name", "fixed", "--alpha", "0.1")
    assert (again["judging"]["alpha"], again["judging"]["metric"]) == (0.1, "test_accuracy")  # what the command asks
    assert "metric test_loss" in again["second_look"]
    assert "alpha 0.05" in again["second_look"]
    first, _ = _manifest(tmp_path / "results" / "fixed")["comparisons"]
    assert first["plan"]["judging"] == judging
    assert {row["metric"] for row in _rows(tmp_path / "results" / "fixed")} == {"test_accuracy"}
    earlier = dlbench("results", "show", "fixed", "--comparison", "1", "--json")
    assert json.loads(earlier.stdout)["comparison"] == document["comparison"]


@pytest.mark.slow
def test_the_number_of_workers_never_changes_a_verdict(compare):
    one, two = (compare(*SMALL, "--seeds", "6", "--jobs", jobs, "--name", f"jobs{jobs}") for jobs in ("1", "3"))
    assert one["comparison"] == two["comparison"]
    assert one["sentences"] == two["sentences"]


@pytest.mark.slow
def test_growing_seeds_stop_when_every_verdict_is_decided_and_the_interim_analyses_are_recorded(
    dlbench, compare, tmp_path
):
    grow = ("--seeds", "auto:6..20", "--name", "grow")
    done = dlbench("compare", *SMALL, *grow)
    assert done.returncode == 0, done.stderr
    assert "Interim analysis at 10 seeds: all verdicts are decided." in done.stderr
    assert "[ ] 99.58 % interval" in done.stdout
    manifest = _manifest(tmp_path / "results" / "grow")
    assert manifest["plan"]["judging"]["looks"] == [10, 12, 14, 16, 18, 20]
    assert manifest["plan"]["seeds"] == list(range(10))
    assert manifest["sessions"][0]["looks"] == [{"seeds": 10, "verdicts": ["better"], "decided": True}]
    again = dlbench("compare", *SMALL, *grow)
    assert "20 of 20 trials were finished before" in again.stdout
    other = dlbench("compare", *SMALL, "--seeds", "auto:6..30", "--name", "grow")
    assert other.returncode == 0, other.stderr
    assert "Second look: these results were first judged on" in other.stdout
    assert "interim analyses at 10, 12, 14, 16, 18, 20 seeds" in other.stdout


@pytest.mark.slow
def test_growing_seeds_continue_after_an_interrupt_and_end_with_the_budget(dlbench, tmp_path):
    # Almost no difference: except by chance, it takes more seeds than these to show it.
    rates = ("--learning-rate", "0.001,0.00101", "--model", "mlp:hidden=16", "--epochs", "8", "--margin", "0")
    command = ("compare", *rates, "--seeds", "auto:6..12", "--name", "alike")
    first = dlbench(*command, "--max-time", "1.5", "--jobs", "1")
    assert first.returncode == 130
    done = dlbench(*command)
    assert done.returncode == 0, done.stderr
    manifest = _manifest(tmp_path / "results" / "alike")
    last = manifest["sessions"][1]["looks"]
    assert [look["seeds"] for look in last] == [10, 11, 12][: len(last)]
    assert last[-1]["decided"] or last[-1].get("given_up") or last[-1]["seeds"] == 12
    assert len(_rows(tmp_path / "results" / "alike", "trials.csv")) == 2 * last[-1]["seeds"]
    assert manifest["plan"]["seeds"] == list(range(last[-1]["seeds"]))


@pytest.mark.slow
def test_the_noise_floor_runs_the_baseline_on_other_seeds_and_comes_first(dlbench, compare, tmp_path):
    arguments = (*SMALL, "--seeds", "3", "--noise-floor", "--name", "floor")
    document = compare(*arguments)
    assert document["plan"]["noise_floor"] == [10_000, 10_001, 10_002]
    assert [summary["n"] for summary in document["summary"]] == [3, 3]
    first = document["comparison"][0]
    assert (first["axis"], first["variant"], first["n"]) == ("seed", "mlp:hidden=8, other seeds", 3)
    assert len(_rows(tmp_path / "results" / "floor", "trials.csv")) == 9
    assert "9/9" in dlbench("results", "list").stdout
    lines = dlbench("results", "show", "floor").stdout.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("mlp")]
    assert names[0] == "mlp:hidden=8,"


def test_python_gets_the_same_verdicts_as_a_frame(tmp_path, monkeypatch, data_dir):
    import dlbench

    monkeypatch.chdir(tmp_path)
    result = dlbench.compare(
        model=["mlp:hidden=8", "mlp:hidden=64"], epochs=2, seeds=6, margin=0.5, data_dir=data_dir, name="python"
    )
    frame = result.comparison
    assert ",".join(frame.columns) == (tmp_path / "results" / "python" / "comparison.csv").read_text().splitlines()[0]
    assert list(frame["verdict"]) == ["baseline", "better"]
    assert result.plan["judging"]["margin"] == 0.005
    assert result.trials["epochs_to_target"].notna().all()
