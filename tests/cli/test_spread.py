"""`dlbench spread` and `compare --hold`: what they print, keep and refuse."""

import json

import pytest

SMALL = (
    "spread",
    "--epochs",
    "1",
    "--train-size",
    "200",
    "--streams",
    "split,order",
    "--backgrounds",
    "3",
    "--levels",
    "2",
)


def test_a_plan_says_what_is_varied_and_runs_nothing(dlbench, tmp_path):
    done = dlbench(*SMALL, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "9 trials: 1 variant × 3 (seeds 0 to 2), and 2 sources × 1 other seed at each: split, order" in done.stdout
    plan = json.loads(dlbench(*SMALL, "--dry-run", "--json").stdout)
    assert plan["spread"] == {"sources": ["split", "order"], "backgrounds": 3, "levels": 2, "of": "variant"}
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_spread_is_kept_resumed_extended_and_shown_again(charts_library, dlbench, tmp_path):
    done = dlbench(*SMALL, "--name", "run")
    assert done.returncode == 0, done.stderr
    for words in (
        "varied alone, it keeps",
        "Varying only the split keeps",
        "shares of the variance, [ ] 95 % interval",
        "other such images",
    ):
        assert words in done.stdout
    assert (tmp_path / "results" / "run" / "figures" / "spread.png").is_file()
    again = dlbench(*SMALL, "--name", "run", "--metric", "validation_accuracy", "--json")
    (table,) = json.loads(again.stdout)["spread"]
    assert (table["metric"], table["count"], len(table["sources"])) == ("validation_accuracy", 9, 2)
    assert table["advice"]
    assert "seed 0" not in again.stderr, "nothing is computed again"
    more = dlbench(*SMALL[:-3], "4", "--levels", "2", "--name", "run", "--json")
    assert json.loads(more.stdout)["spread"][0]["count"] == 12
    shown = dlbench("results", "show", "run")
    assert "varied alone, it keeps" in shown.stdout
    assert dlbench("report", "run", "--output", "page.html").returncode == 0
    assert "Where the spread comes from" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_claims_of_an_experiment_name_shares(dlbench, tmp_path):
    (tmp_path / "mine.toml").write_text(
        """
schema = 1
title = "Where the spread comes from"
[settings]
epochs = 1
train_size = 200
[spread]
sources = ["split", "order"]
backgrounds = 3
levels = 2
[[claims]]
text = "The order keeps something."
metric = "test_accuracy"
relation = "kept(order) > constant(-0.1)"
""",
        encoding="utf-8",
    )
    done = dlbench("run", "mine.toml", "--json")
    assert done.returncode == 0, done.stderr
    (claim,) = json.loads(done.stdout)["claims"]
    assert claim["answer"] == "supported"
    assert "varied alone, the order keeps" in claim["why"]


def test_what_shows_nothing_is_refused_in_one_sentence(dlbench, tmp_path):
    for arguments, sentence in (
        (("spread", "--streams", "weather"), "--streams takes no 'weather'"),
        (("spread", "--of", "difference"), "takes two variants"),
        (("compare", "--hold", "kernels"), "--hold cannot hold them"),
        (("compare", "--hold", "spilt"), "--hold takes no 'spilt'"),
    ):
        done = dlbench(*arguments, "--dry-run")
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_comparison_on_one_split_says_so_and_is_saved_and_replayed_on_it(dlbench, tmp_path):
    command = ("compare", "--activation", "relu,tanh", "--epochs", "1", "--train-size", "200", "--seeds", "6")
    done = dlbench(*command, "--hold", "split", "--name", "run", "--save", "mine.toml")
    assert done.returncode == 0, done.stderr
    assert "on digits on one split: " in done.stdout
    assert "on one split, the same for all seeds" in done.stdout
    assert "stream_seeds" in (tmp_path / "results" / "run" / "trials.csv").read_text(encoding="utf-8")
    assert 'hold = ["split"]' in (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert dlbench(*command, "--name", "run").returncode == 2
    replayed = dlbench("replay", "run")
    assert "12 of 12 trials gave the same numbers to the bit." in replayed.stdout


@pytest.mark.parametrize("option", ["--seeds", "--seed"])
def test_asked_for_seeds_it_names_the_options_that_it_has_for_them(dlbench, option):
    result = dlbench("spread", option, "5")
    assert result.returncode == 2
    assert f"There is no option {option}." in result.stderr
    assert "--backgrounds N" in result.stderr
