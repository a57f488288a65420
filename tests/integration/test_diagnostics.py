"""Diagnostics as users see them: the option, the file, the table, existing results, misspelled names."""

import csv
import json

import pytest

import dlbench as library

SHORT = ("--epochs", "2", "--train-size", "200", "--name", "watched")


def rows(folder, name):
    with (folder / "results" / "watched" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(folder):
    timed = {"train_seconds", "images_per_second", "peak_memory_mb"}
    trials = [{k: v for k, v in row.items() if k not in timed} for row in rows(folder, "trials")]
    return sorted(trials, key=lambda row: row["trial_id"])


@pytest.mark.slow
def test_a_folder_measured_afterwards_has_the_same_numbers_and_loses_nothing(dlbench, tmp_path):
    run = ("compare", "--activation", "relu,tanh", "--seeds", "2", *SHORT)
    assert dlbench(*run).returncode == 0
    before = numbers(tmp_path)
    assert not (tmp_path / "results" / "watched" / "diagnostics.csv").exists()

    done = dlbench(*run, "--diagnostics", "gradient-norm,first,last")
    assert done.returncode == 0, done.stderr
    assert "4 trials of the folder lack some of the diagnostics: computed again, to the same numbers" in done.stderr
    assert numbers(tmp_path) == before
    found = rows(tmp_path, "diagnostics")
    assert {row["epoch"] for row in found} == {"1", "2"}
    assert {row["diagnostic"] for row in found} == {"gradient_norm", "vanishing_ratio"}
    assert len({row["trial_id"] for row in found}) == 4

    dlbench(*run, "--step-losses")  # computed again for a different reason
    assert rows(tmp_path, "diagnostics") == found
    again = dlbench(*run, "--diagnostics", "gradient-norm", "--explain")
    assert "(4 of 4 trials were finished before)" in again.stdout
    assert rows(tmp_path, "steps")

    more = dlbench(*run[: -len(SHORT) - 1], "3", *SHORT)  # another seed is measured only where that is asked for
    assert more.returncode == 0
    assert len({row["trial_id"] for row in rows(tmp_path, "diagnostics")}) == 4
    measured = dlbench(*run[: -len(SHORT) - 1], "3", *SHORT, "--diagnostics", "gradient-norm")
    assert measured.returncode == 0
    assert len({row["trial_id"] for row in rows(tmp_path, "diagnostics")}) == 6


@pytest.mark.slow
def test_explain_names_what_differs_and_any_reading_can_be_judged(dlbench, tmp_path):
    done = dlbench(
        *("compare", "--activation", "relu,sigmoid", *SHORT, "--seeds", "least"),
        *("--metric", "vanishing_ratio", "--explain"),
        columns=80,
    )
    assert done.returncode == 0, done.stderr
    assert "vanishing ratio" in done.stdout  # the judged metric is measured without --diagnostics
    assert "Diagnostics that differ (epoch 2)" in done.stdout
    assert "vanishing ratio at the last epoch on digits: lower in sigmoid than in relu" in done.stdout
    assert max(map(len, done.stdout.split("Diagnostics that differ")[1].splitlines()[:8])) <= 80
    shown = dlbench("results", "show", "watched", "--metric", "gradient_norm@first", "--json")
    document = json.loads(shown.stdout)
    assert document["judging"]["metric"] == "gradient_norm@first"
    assert document["comparison"][1]["n"] == 6
    assert {"metric", "variant", "baseline", "verdict", "sentence", "difference"} <= document["diagnostics"][0].keys()
    exported = dlbench("results", "export", "watched", "--table", "diagnostics")
    assert exported.stdout.startswith("trial_id,epoch,layer,diagnostic,value\n")
    frame = library.load_results(tmp_path / "results" / "watched").diagnostics
    assert len(frame) == len(exported.stdout.splitlines()) - 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [("saturaton", "saturation"), ("every:x", "every:5"), ("sharpness:rho=1", "radius"), ("0,saturation", "from 1")],
)
def test_a_mistake_is_answered_before_anything_runs(dlbench, tmp_path, asked, said):
    for dry in ((), ("--dry-run",)):
        done = dlbench("compare", "--diagnostics", asked, *dry)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_an_unknown_layer_is_answered_with_the_known_ones(dlbench):
    dlbench("compare", "--activation", "relu,tanh", "--seeds", "2", *SHORT, "--diagnostics", "gradient-norm", "-q")
    done = dlbench("results", "show", "watched", "--metric", "gradient_norm@conv9")
    assert done.returncode == 2
    assert "no layer 'conv9'" in done.stderr
    assert "first, last, 1, 3, 5" in done.stderr


def test_the_plan_says_what_is_measured_and_when(dlbench):
    plan = json.loads(dlbench("compare", "--diagnostics", "saturation,every:5", "--dry-run", "--json").stdout)
    assert plan["diagnostics"] == ["standard/saturation"]
    assert plan["diagnostics_at"] == ["every:5"]
    assert (
        "saturation; at epochs every:5" in dlbench("compare", "--diagnostics", "saturation,every:5", "--dry-run").stdout
    )


def test_diagnostics_are_listed_and_shown_with_what_they_give(dlbench):
    assert "gradient-norm" in dlbench("list", "diagnostics").stdout
    assert "Values: gradient_norm, vanishing_ratio" in dlbench("show", "diagnostic", "gradient-norm").stdout
    (found,) = json.loads(dlbench("list", "diagnostics", "update", "--json").stdout)
    assert (found["values"], found["needs"]) == (["update_ratio"], ["update"])


@pytest.mark.slow
def test_an_experiments_claims_can_use_its_diagnostics(dlbench, tmp_path):
    text = """schema = 1
title = "Vanishing"
seeds = 6
diagnostics = ["gradient-norm", "first", "last"]

[settings]
epochs = 2
train_size = 200

[axes]
activation = ["relu", "sigmoid"]

[[claims]]
text = "Sigmoid's gradients vanish."
metric = "vanishing_ratio"
at = 1
relation = "sigmoid < relu"

[[claims]]
text = "The first layer's are small."
metric = "gradient_norm@first"
at = "last"
relation = "sigmoid < relu"
"""
    (tmp_path / "mine.toml").write_text(text)
    done = dlbench("run", "mine.toml", "--json")
    assert done.returncode == 0, done.stderr
    assert [claim["answer"] for claim in json.loads(done.stdout)["claims"]] == ["supported", "supported"]
    for wrong, line, said in (
        (text.replace('"gradient-norm"', '"gradient-nrm"'), 4, "gradient-norm"),
        (text.replace("diagnostics = [", "diagnostics = [3, "), 4, "a list of diagnostics"),
        (text.replace('"gradient-norm"', '"saturation"'), 13, "vanishing_ratio"),
    ):
        (tmp_path / "mine.toml").write_text(wrong)
        done = dlbench("run", "mine.toml")
        assert done.returncode == 2
        assert f"line {line}:" in done.stderr
        assert said in done.stderr
