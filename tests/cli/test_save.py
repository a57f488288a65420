"""`--save` of `dlbench compare` and `dlbench run`: the experiment file that is left, and what running it computes."""

import csv
import tomllib

import pytest

SMALL = ("compare", "--activation", "relu,tanh", "--epochs", "1", "--train-size", "200", "--seeds", "2")


def ids(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return {row["trial_id"] for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_saved_comparison_runs_the_same_trials_and_can_take_them_over(dlbench, tmp_path):
    assert dlbench(*SMALL, "--name", "first", "--save", "mine.toml", "-q").returncode == 0
    done = dlbench("run", "mine.toml", "--reuse")
    assert done.returncode == 0
    assert "4 trials taken from first" in done.stderr
    assert ids(tmp_path / "results" / "mine") == ids(tmp_path / "results" / "first")


def test_with_a_dry_run_the_file_is_all_that_is_written(dlbench, tmp_path):
    done = dlbench(*SMALL, "--save", "mine.toml", "--dry-run")
    assert done.returncode == 0
    assert "To run it: dlbench run mine.toml" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
    content = tomllib.loads((tmp_path / "mine.toml").read_text(encoding="utf-8"))
    assert (content["seeds"], content["axes"]) == (2, {"activation": ["relu", "tanh"]})
    assert content["settings"]["train_size"] == 200


def test_another_file_is_replaced_only_if_the_user_says_so(dlbench, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("mine", encoding="utf-8")
    for more in ((), ("--dry-run",)):
        done = dlbench(*SMALL, "--save", "mine.toml", *more)
        assert done.returncode == 2
        assert "Replace mine.toml? Cannot prompt: not a terminal." in done.stderr
        assert "Add --yes to confirm." in done.stderr
        assert [each.name for each in tmp_path.iterdir()] == ["mine.toml"]
        assert path.read_text(encoding="utf-8") == "mine"
    assert dlbench(*SMALL, "--save", "mine.toml", "--dry-run", "--yes").returncode == 0
    assert dlbench(*SMALL, "--save", "mine.toml", "--dry-run").returncode == 0  # the same content is no question


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("mine.json", "an experiment file ends in .toml"), ("", "ends in .toml"), ("none/x.toml", "cannot be written")],
)
def test_a_file_that_cannot_be_is_answered_before_anything_is_trained(dlbench, tmp_path, name, sentence):
    done = dlbench(*SMALL, "--save", name)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_experiment_is_saved_as_it_runs_with_the_claims_that_still_have_their_variants(dlbench, tmp_path):
    (tmp_path / "mine.toml").write_text(
        """
        schema = 1
        title = "Three activations"
        seeds = 6
        axes.activation = ["relu", "tanh", "gelu"]
        settings = {epochs = 9, train_size = 200}
        claims = [
            {text = "ReLU wins.", metric = "test_accuracy", relation = "relu > tanh"},
            {text = "GELU wins.", metric = "test_accuracy", relation = "gelu > tanh"},
        ]
        """,
        encoding="utf-8",
    )
    given = ("run", "mine.toml", "--activation", "relu,tanh", "--epochs", "1", "--seeds", "2")
    first = dlbench(*given, "--save", "small.toml", "--name", "first", "-q")
    assert first.returncode == 0
    assert "Left out, since what they name is not compared here: 1 claim." in first.stderr
    assert "To run it: dlbench run small.toml" in first.stderr
    again = dlbench("run", "small.toml", "--reuse")
    assert again.returncode == 0
    assert "4 trials taken from first" in again.stderr
    assert "2 seeds instead of 6" in " ".join(again.stdout.split())  # the title says so
    assert "1 claim: " in again.stdout
    assert ids(tmp_path / "results" / "small") == ids(tmp_path / "results" / "first")
