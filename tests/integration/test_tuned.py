"""`dlbench compare --tune` with real trainings: the test set is not read before a variant is chosen."""

import csv
import json

import pytest

TUNED = ("--activation", "relu,tanh", "--tune", "learning-rate=log:1e-3..1e-1", "--budget", "2", "--seeds", "1")
SMALL = ("--epochs", "2", "--model", "mlp:hidden=16", "--name", "tuned")


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_no_file_has_a_test_figure_of_a_tuning_trial_and_every_one_has_its_validation(compare, tmp_path):
    folder = tmp_path / compare(*TUNED, *SMALL)["path"]
    rows = _rows(folder / "trials.csv")
    tuning, evaluation = ([row for row in rows if row["role"] == role] for role in ("tuning", "evaluation"))
    assert (len(tuning), len(evaluation)) == (4, 2)
    tested = ["test_loss", "test_accuracy", "macro_precision", "macro_recall", "macro_f1"]
    assert not any(row[name] for row in tuning for name in tested)
    assert all(row[name] for row in evaluation for name in tested)
    assert all(row["validation_accuracy"] and row["flops_per_image"] for row in rows)
    tested_ids = {row["trial_id"] for row in _rows(folder / "confusion.csv")}
    assert tested_ids == {row["trial_id"] for row in evaluation}
    for line in (line for path in (folder / "journal").glob("*.jsonl") for line in path.read_text().splitlines()):
        record = json.loads(line)
        assert ("outcomes" in record) is (record["trial"].get("role") != "tuning")


@pytest.mark.slow
def test_a_trial_with_a_choice_has_the_numbers_of_the_same_settings_without_a_search(compare, tmp_path):
    tuned = compare(*TUNED, *SMALL)
    (row,) = [r for r in _rows(tmp_path / tuned["path"] / "trials.csv") if r["role"] == "evaluation"][:1]
    plain = compare(
        *("--activation", row["activation"].rpartition("/")[2], "--learning-rate", row["learning_rate"]),
        *("--seeds", "1", *SMALL[:-1], "plain"),
    )
    (same,) = _rows(tmp_path / plain["path"] / "trials.csv")
    assert (same["trial_id"], same["test_accuracy"]) == (row["trial_id"], row["test_accuracy"])
