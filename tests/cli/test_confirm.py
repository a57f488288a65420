"""`dlbench confirm`: what it prints, keeps and refuses."""

import csv
import json

import pytest

SMALL = ("compare", "--activation", "relu,sigmoid", "--epochs", "1", "--train-size", "200", "--metric", "train_loss")


@pytest.mark.slow
def test_a_run_is_confirmed_on_fresh_seeds_and_both_verdicts_stand_side_by_side(dlbench, tmp_path):
    assert dlbench(*SMALL, "--seeds", "6", "--name", "run", "-q").returncode == 0
    plan = json.loads(dlbench("confirm", "run", "--dry-run", "--json").stdout)
    assert (plan["seeds"], plan["folder"]) == ([6, 7, 8, 9, 10, 11], "results/run-confirm")
    assert not (tmp_path / "results" / "run-confirm").exists()
    done = dlbench("confirm", "run")
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "first, 6 seeds" in shown
    assert "confirming, 6 seeds" in shown
    assert "Confirmed: 1 of 1 verdict decided the first time holds." in shown
    assert "Report the confirming seeds alone, run-confirm" in shown
    again = dlbench("confirm", "run", "--json")
    assert again.returncode == 0
    assert "run was already confirmed, on seeds 6 to 11: nothing is computed." in again.stderr
    document = json.loads(again.stdout)
    assert [(pair["comparison"], pair["answer"]) for pair in document["verdicts"]] == [
        ("sigmoid against relu", "confirmed")
    ]


@pytest.mark.slow
def test_the_claims_of_an_experiment_are_answered_again_and_kept(dlbench, tmp_path, write_experiment):
    write_experiment(ReLU="relu < sigmoid")
    assert dlbench("run", "mine.toml", "-q").returncode == 0
    done = dlbench("confirm", "mine")
    assert done.returncode == 0, done.stderr
    assert "Confirmed: 2 of 2 verdicts and claims decided the first time hold." in done.stdout
    with (tmp_path / "results" / "mine-confirm" / "claims.csv").open(newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)] == ["supported"]
    assert "mine-confirm" in dlbench("results", "list").stdout
    assert dlbench("results", "summary").returncode == 0


@pytest.mark.slow
def test_a_time_limit_leaves_a_confirmation_that_the_same_command_completes(dlbench):
    assert dlbench(*SMALL, "--seeds", "2", "--name", "run", "-q").returncode == 0
    done = dlbench("confirm", "run", "--max-time", "0.01")
    assert done.returncode == 130
    assert "so nothing is confirmed yet. Run the same command again to compute them." in done.stderr
    assert dlbench("confirm", "run", "-q").stdout.strip() == "results/run-confirm"


@pytest.mark.slow
def test_an_earlier_comparison_is_confirmed_or_replayed_by_its_number(dlbench):
    for seeds in ("1", "2"):
        assert dlbench(*SMALL, "--seeds", seeds, "--name", "run", "-q").returncode == 0
    for command in ("confirm", "replay"):
        plan = json.loads(dlbench(command, "run", "--comparison", "1", "--dry-run", "--json").stdout)
        assert plan["trials"] == 2
        assert "has no comparison 3" in dlbench(command, "run", "--comparison", "3").stderr


def test_an_unknown_run_is_answered_with_the_nearest(dlbench):
    assert dlbench(*SMALL, "--seeds", "1", "--name", "evening", "-q").returncode == 0
    done = dlbench("confirm", "evning")
    assert done.returncode == 2
    assert "Did you mean evening?" in done.stderr
    assert dlbench("confirm", "evening", "--seeds", "0").returncode == 2
