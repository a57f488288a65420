"""`dlbench results summary`: which claims hold, over a folder of runs."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from dlbench.experiments.discovery import ExperimentFile

pytestmark = pytest.mark.slow  # two whole runs

SMALL = """
schema = 1
title = "A rate that learns and one that does not"
report = "mine"
seeds = 6
settings = {model = "linear", dataset = "digits", epochs = 2}
axes = {learning_rate = [0.01, 0.000001]}

[[claims]]
text = "The larger rate learns."
metric = "train_loss"
relation = "0.01 < 0.000001"

[[claims]]
text = "The smaller rate ends higher."
metric = "validation_accuracy"
relation = "0.000001 > 0.01"

[[reported]]
variant = "0.01"
metric = "validation_accuracy"
value = 0.5
place = "table | row 1"
"""
REDUCED = ("--epochs", "1", "--seeds", "2", "--train-size", "200", "--name", "short")
SAID = "reduced: epochs 1 instead of 2, train size 200 instead of all images, 2 seeds instead of 6"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A full run of an experiment and a reduced one; the experiment's file is removed afterwards."""
    place = tmp_path_factory.mktemp("summary")
    file = place / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    environment = {**os.environ, "DLBENCH_DATA_DIR": str(place / "data")}
    for arguments in ((), REDUCED):
        command = [sys.executable, "-m", "dlbench", "run", file.name, *arguments, "--quiet"]
        subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    file.unlink()
    return place / "results"


@pytest.fixture
def runs(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


def test_claims_of_all_runs_are_answered_as_each_run_answers_them(dlbench, runs):
    document = {run["folder"]: run for run in json.loads(dlbench("results", "summary", "--json").stdout)}
    assert set(document) == {"small", "short"}
    whole, short = document["small"], document["short"]
    assert [claim["answer"] for claim in whole["claims"]] == ["supported", "refuted"]
    assert [claim["answer"] for claim in short["claims"]] == ["not shown", "not shown"]
    assert (whole["done"], whole["planned"], whole["seeds"]) == (12, 12, 6)
    assert whole["experiment"]["departures"] == ""
    assert short["experiment"]["departures"] == SAID
    assert whole["seconds"] > 0
    assert (whole["trained_on"], short["trained_on"]) == ("all images, 2 epochs", "200 images, 1 epoch")
    (on_images,) = whole["on_other_images"]
    assert (on_images["text"], on_images["answer"]) == ("The smaller rate ends higher.", "refuted")
    assert short["on_other_images"] == []  # two seeds have no intervals
    (figure,) = whole["reported"]
    assert (figure["reported"], figure["n"]) == (0.5, 6)
    assert figure["low"] < figure["measured"] < figure["high"]


def test_the_page_has_a_row_a_claim_and_what_people_wrote_about_a_run(dlbench, runs, tmp_path):
    (runs / "small" / "notes.md").write_text("The report had **one** seed, [as here](../short).\n", encoding="utf-8")
    done = dlbench("results", "summary", "--output", "page.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert (
        "4 claims: 1 supported, 1 refuted, 2 not shown. In full: 2 claims: 1 supported, 1 refuted, 0 not shown. "
        "Reduced: 2 claims: 0 supported, 0 refuted, 2 not shown. 2 of 4 rest on all images and 6 seeds or more."
    ) in page
    claims, _, on_images = page.partition("## Which claims hold on other test images")
    (row,) = (
        line for line in claims.splitlines() if "The smaller rate ends higher." in line and "(reduced)" not in line
    )
    assert "**refuted**" in row
    assert "| 6 |" in row
    assert "| all images, 2 epochs |" in row
    assert "[small](small)" in row
    assert "n = 6 paired seeds" in row
    (row,) = (line for line in on_images.splitlines() if line.startswith("| [small](small) | The smaller rate"))
    assert row.endswith("| **is the other way round by test accuracy** |")
    assert r"table \| row 1" in page
    assert SAID in page
    assert "#### small: notes\n\nThe report had **one** seed, [as here](short)." in page
    again = dlbench("results", "summary", "--output", "again.md")
    assert again.returncode == 0
    assert (tmp_path / "again.md").read_text(encoding="utf-8") == page


def test_on_a_screen_each_claim_is_shown_with_its_run(dlbench, runs):
    done = dlbench("results", "summary", columns=80)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    words = " ".join(done.stdout.split())
    assert "\\n" not in done.stdout
    assert "4 claims: 1 supported, 1 refuted, 2 not shown." in words
    assert words.count("Reported against measured") == 2


def test_runs_without_an_experiment_are_ignored_and_a_damaged_one_is_named(dlbench, runs):
    assert dlbench("compare", "--epochs", "1", "--seeds", "1", "--quiet").returncode == 0
    (runs / "short" / "manifest.json").write_text("{", encoding="utf-8")
    done = dlbench("results", "summary", "--json")
    assert [run["folder"] for run in json.loads(done.stdout)] == ["small"]
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("Warning: short: ")]
    assert "\\n" not in warning  # a line of an error would be shown escaped
    assert "results doctor" in warning


def test_what_damage_leaves_out_of_a_run_is_named(dlbench, runs):
    (journal,) = (runs / "small" / "journal").glob("*.jsonl")
    journal.write_text(journal.read_text(encoding="utf-8").replace("done", "dona", 1), encoding="utf-8")
    done = dlbench("results", "summary", "--output", "page.md")
    assert done.returncode == 0
    assert done.stderr.startswith("Warning: small: journal/")
    assert "line 1 is left out" in done.stderr


def test_without_runs_it_says_how_to_start_one(dlbench):
    done = dlbench("results", "summary")
    assert "There is no run of an experiment in" in done.stderr
    assert "dlbench run" in done.stderr


def test_runs_of_experiments_without_claims_give_a_sentence_and_no_empty_table(dlbench, tmp_path):
    (tmp_path / "plain.toml").write_text(SMALL.partition("[[claims]]")[0], encoding="utf-8")
    assert dlbench("run", "plain.toml", *REDUCED, "--quiet").returncode == 0
    done = dlbench("results", "summary")
    assert "make no claims" in done.stderr
    assert done.stdout == ""


def test_a_broken_experiment_file_of_a_plugin_does_not_stop_the_summary(dlbench, runs, tmp_path, monkeypatch):
    broken = tmp_path / "broken.toml"
    broken.write_text("schema = 1\n", encoding="utf-8")
    files = (ExperimentFile("stranger", broken),)
    monkeypatch.setattr("dlbench.runs.experiment_runs.find_experiments", lambda registry: files)
    done = dlbench("results", "summary", "--output", "page.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert "stranger" not in (tmp_path / "page.md").read_text(encoding="utf-8")
