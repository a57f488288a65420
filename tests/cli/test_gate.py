"""The exit codes by which continuous integration learns of a verdict or a claim."""

import json

import pytest

SMALL = ("--activation", "relu,sigmoid", "--epochs", "1", "--train-size", "200", "--threads", "1")
CLAIMS = {"ReLU": "relu < sigmoid", "Sigmoid": "sigmoid < relu"}


@pytest.mark.slow
def test_a_verdict_that_was_named_beforehand_ends_the_command_with_3_after_its_results(dlbench, tmp_path):
    done = dlbench("compare", *SMALL, "--metric", "train_loss", "--seeds", "6", "--name", "ci", "--fail-if", "WORSE")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "--fail-if worse: sigmoid is worse than relu."
    assert "Results: results/ci" in done.stdout
    assert (tmp_path / "results" / "ci" / "comparison.csv").is_file()
    again = ("compare", *SMALL, "--metric", "train_loss", "--seeds", "6", "--name", "ci")
    assert dlbench(*again, "--fail-unless", "worse,better").returncode == 0
    few = dlbench(*again[:-3], "2", "--name", "ci", "--fail-unless", "better", "--json")
    assert few.returncode == 3
    assert json.loads(few.stdout)["comparison"]
    assert "cannot be judged, n = 2" in few.stderr


@pytest.mark.slow
def test_a_claim_that_is_not_supported_ends_the_command_with_3(dlbench, write_experiment):
    write_experiment(**CLAIMS)
    done = dlbench("run", "mine.toml", "--fail-unless", "supported")
    assert done.returncode == 3
    assert "--fail-unless supported: claim 2 (Sigmoid learns faster) is refuted: " in done.stderr
    assert "2 claims: 1 supported, 1 refuted" in done.stdout
    assert dlbench("run", "mine.toml", "--fail-unless", "1").returncode == 0
    assert dlbench("run", "mine.toml", "--fail-unless", "1,2", "-q").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", *SMALL, "--fail-if", "worst"), "Did you mean worse?"),
        (("compare", *SMALL, "--fail-if", "worse,"), "empty item"),
        (("compare", "--fail-unless", "better"), "--fail-unless needs two variants or more"),
        (("compare", *SMALL, "--fail-if", "lower"), "No verdict is 'lower'"),
        (("run", "mine.toml", "--fail-unless", "3"), "mine has no claim '3'"),
        (("run", "mine.toml", "--fail-if", "refuted"), "there is no verdict 'refuted'"),
    ],
)
def test_a_gate_that_makes_no_sense_is_answered_before_anything_is_trained(
    dlbench, tmp_path, write_experiment, arguments, sentence
):
    write_experiment(**CLAIMS)
    for more in ((), ("--dry-run",)):
        done = dlbench(*arguments, *more)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert not (tmp_path / "results").exists()
