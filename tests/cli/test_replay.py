"""`dlbench replay`: what it prints, keeps and refuses."""

import json
import shutil

import pytest

SMALL = ("compare", "--activation", "relu,sigmoid", "--epochs", "1", "--train-size", "200", "--seeds", "2")


@pytest.mark.slow
def test_a_replay_gives_the_same_numbers_and_says_so(dlbench, tmp_path):
    assert dlbench(*SMALL, "--name", "run", "-q").returncode == 0
    plan = json.loads(dlbench("replay", "run", "--dry-run", "--json").stdout)
    assert (plan["folder"], plan["trials"]) == ("results/run-replay", 4)
    done = dlbench("replay", "results/run/manifest.json", "--results-dir", "elsewhere")
    assert done.returncode == 0, done.stderr
    assert "run, a replay of run" in done.stdout
    assert "Environment: the same versions, processors and code." in done.stdout
    assert "4 of 4 trials gave the same numbers to the bit." in done.stdout
    again = dlbench("replay", "results/run", "--results-dir", "elsewhere", "--json")
    document = json.loads(again.stdout)
    assert (document["numbers"]["same"], document["environment"]) == (4, [])
    assert "seed 0" not in again.stderr


@pytest.mark.slow
def test_a_manifest_alone_is_enough_to_run_it(dlbench, tmp_path):
    assert dlbench(*SMALL, "--name", "run", "-q").returncode == 0
    shutil.copy(tmp_path / "results" / "run" / "manifest.json", tmp_path / "sent.json")
    shutil.rmtree(tmp_path / "results")
    done = dlbench("replay", "sent.json")
    assert done.returncode == 0, done.stderr
    assert "Variants: 2 of 2 are the same in components, settings and images." in done.stdout
    assert "its records do not lie beside the manifest" in done.stdout
    assert (tmp_path / "results" / "run" / "trials.csv").is_file()


def test_what_cannot_be_replayed_is_one_sentence(dlbench, tmp_path):
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    for argument, sentence in (
        ("broken.json", "cannot be read as a manifest"),
        ("nothing", "There is no run 'nothing'"),
    ):
        done = dlbench("replay", argument)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "results").exists()
