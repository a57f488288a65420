"""Experiments as users run them: their own files on digits, with real workers."""

import csv
import json
import subprocess
import sys

import pytest

SMALL = """
schema = 1
title = "Two activations on digits"
report = "mine"
seeds = 6

[settings]
model = "mlp:hidden=16"
dataset = "digits"
epochs = 2
learning_rate = 1e-2
threads = 1

[axes]
activation = ["relu", "sigmoid"]

[[reported]]
variant = "relu"
metric = "validation_accuracy"
at = "last"
value = 0.5
place = "table, row 1"

[[claims]]
text = "ReLU learns faster than sigmoid."
metric = "train_loss"
at = 1
relation = "relu < sigmoid"

[[claims]]
text = "Sigmoid ends higher."
metric = "validation_accuracy"
at = "last"
relation = "sigmoid > relu"
"""
REDUCED = ("--epochs", "1", "--seeds", "2", "--train-size", "200")
SAID = "reduced: epochs 1 instead of 2, train size 200 instead of all images, 2 seeds instead of 6"


@pytest.fixture
def write(tmp_path):
    def write(text=SMALL, name="small.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def _words(text):
    return " ".join(text.split())


@pytest.mark.slow
def test_an_experiment_prints_variants_reported_figures_and_claims_and_keeps_them(dlbench, write, tmp_path):
    done = dlbench("run", write())
    assert done.returncode == 0, done.stderr
    shown = _words(done.stdout)
    assert "Two activations on digits" in shown
    assert shown.index("Two activations") < shown.index("Reported against measured") < shown.index(" Claims ")
    assert "table, row 1" in done.stdout
    assert "2 claims: 1 supported, 1 refuted, 0 not shown" in done.stdout
    assert "reduced" not in done.stdout
    folder = tmp_path / "results" / "small"
    with (folder / "claims.csv").open(newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)] == ["supported", "refuted"]
    with (folder / "reported.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["variant"], row["n"], row["within"]) == ("relu", "6", "false")
    with (folder / "epochs.csv").open(newline="") as file:
        last = [float(r["validation_accuracy"]) for r in csv.DictReader(file) if r["epoch"] == "2"]
    assert min(last) <= float(row["measured"]) <= max(last)
    assert json.loads((folder / "manifest.json").read_text())["plan"]["experiment"] == "small"


def test_overrides_reduce_an_experiment_and_every_table_says_so(dlbench, write, tmp_path):
    done = dlbench("run", write(), *REDUCED)
    assert done.returncode == 0, done.stderr
    assert _words(done.stdout).count(SAID) >= 3
    assert "n = 2 is too small" in _words(done.stdout)
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name.startswith("small-")


@pytest.mark.slow
def test_json_is_one_document_and_more_seeds_extend_the_same_run(dlbench, write):
    first = dlbench("run", write(), *REDUCED, "--json")
    document = json.loads(first.stdout)
    assert document["experiment"]["departures"] == SAID
    assert [claim["answer"] for claim in document["claims"]] == ["not shown", "not shown"]
    assert document["reported"][0]["n"] == 2
    more = json.loads(dlbench("run", write(), *REDUCED[:2], "--seeds", "3", *REDUCED[4:], "--json").stdout)
    assert more["path"] == document["path"]
    assert more["reported"][0]["n"] == 3
    assert more["plan"]["experiment"] == "small"


def test_selection_on_the_test_set_is_marked_in_every_table(dlbench, write):
    text = SMALL.replace("epochs = 2", 'epochs = 1\nvalidation = "test"\nselect = "best-on-test"')
    done = dlbench("run", write(text), "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("selected on the test set") >= 3


def test_a_dry_run_shows_what_would_run_and_writes_nothing(dlbench, write, tmp_path):
    done = dlbench("run", write(), *REDUCED, "--dry-run")
    assert done.returncode == 0
    assert "4 trials: 2 variants × 2" in done.stdout
    assert SAID in _words(done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_quiet_prints_the_folder_alone(dlbench, write, tmp_path):
    done = dlbench("run", write(), *REDUCED, "--quiet", "--name", "mine")
    assert done.stderr == ""
    assert done.stdout.strip() == "results/mine"
    assert (tmp_path / "results" / "mine" / "claims.csv").is_file()


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ('"relu < sigmoid"', '"relu < elu"', 28, "no variant and no value of an axis 'elu'"),
        ('metric = "train_loss"', 'metric = "train_los"', 24, "no metric 'train_los'"),
        ("epochs = 2", "epoch = 2", 10, "no key 'epoch'"),
        ('"digits"', '"digit"', 9, "no data set 'digit'"),
    ],
)
def test_a_mistake_in_a_file_is_answered_before_anything_runs(dlbench, write, tmp_path, old, new, line, sentence):
    done = dlbench("run", write(SMALL.replace(old, new)))
    assert done.returncode == 2
    assert f"small.toml, line {line}: " in done.stderr
    assert sentence in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_an_unknown_experiment_is_answered_with_how_to_see_them(dlbench):
    done = dlbench("run", "shedules")
    assert done.returncode == 2
    assert "There is no experiment 'shedules'" in done.stderr
    assert "dlbench list experiments" in done.stderr


def test_experiments_are_listed_by_report_with_their_cost(dlbench, install, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SMALL.replace("epochs = 2", "epochs = 2\npatience = 2"))
    sized = tmp_path / "sized.toml"
    sized.write_text(SMALL.replace("epochs = 2", "epochs = 2\ntrain_size = 500"))
    broken = tmp_path / "broken.toml"
    broken.write_text("schema = 1")
    paths = ", ".join(f"Path({str(file)!r})" for file in (path, sized, broken))
    install(
        "snake",
        f"""
        from pathlib import Path
        from dlbench import hookimpl

        @hookimpl
        def dlbench_experiments():
            return [{paths}]
        """,
    )
    dlbench("compare", "--epochs", "1", "--seeds", "1")  # prepares digits, so that the number of images is known
    done = dlbench("list", "experiments", "snake/*")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert rows["mine"].split() == ["mine"]
    assert "≤ 27,600" in rows["study"]  # 2 epochs × 1,150 images × 2 variants × 6 seeds
    assert "12,000" in rows["sized"]
    assert "2 × 6" in rows["sized"]
    assert "skipped snake/broken" in done.stderr
    listed = json.loads(dlbench("list", "experiments", "study", "--json").stdout)
    assert [(row["name"], row["images"], row["claims"]) for row in listed] == [("snake/study", 27600, 2)]


@pytest.mark.slow
def test_listing_experiments_imports_nothing_heavy():
    program = (
        "import sys\nfrom dlbench.cli.main import app\n"
        "app(['list', 'experiments'], standalone_mode=False)\n"
        "sys.exit(' '.join({'torch', 'numpy', 'pandas', 'scipy', 'matplotlib'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_figure_that_finds_no_room_costs_a_sentence_and_not_the_tables(dlbench, monkeypatch):
    from dlbench.errors import DlbenchError
    from dlbench.report import figures

    def full(*arguments):
        raise DlbenchError("figures cannot be written: No space left on device.", "Make room.")

    monkeypatch.setattr(figures, "learning_curves", full)
    done = dlbench("compare", "--model", "linear", "--seeds", "2", "--epochs", "1", "--name", "full")
    assert done.returncode == 0
    assert "There is no figure: figures cannot be written: No space left on device.\nMake room.\n" in done.stderr
    assert "Results:" in done.stdout
    assert "Figure:" not in done.stdout
