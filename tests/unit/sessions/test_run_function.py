"""Running an experiment from Python."""

import json
import math

import pytest

import dlbench
from dlbench.errors import DlbenchError
from dlbench.sessions import run as session_run

FILE = """\
schema = 1
title = "Two activations"
seeds = 8

[settings]
device = "cpu"
epochs = 3

[axes]
activation = ["relu", "tanh"]

[[reported]]
variant = "tanh"
metric = "test_accuracy"
value = 0.61
place = "table 1"

[[claims]]
text = "tanh is better"
metric = "test_accuracy"
relation = "tanh > relu"

[[claims]]
text = "relu is better"
metric = "test_accuracy"
relation = "relu > tanh"
"""


@pytest.fixture(autouse=True)
def _built_in_plugins(monkeypatch):
    monkeypatch.setenv("DLBENCH_PLUGINS", "")


@pytest.fixture
def experiment(session, executor, tmp_path, monkeypatch):
    """Return an experiment file; sessions run in this process, with the fixture's resolver."""
    monkeypatch.setattr(session_run, "build_executor", lambda *_: executor())
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "two.toml"
    path.write_text(FILE)
    return path


def test_an_experiment_returns_its_claims_and_reported_figures_beside_the_frames_of_a_comparison(experiment, tmp_path):
    found = dlbench.run(experiment)
    assert found.path.resolve() == tmp_path / "results" / "two"
    assert list(found.claims["answer"]) == ["supported", "refuted"]
    assert list(found.claims["p"]) == [2 / 2**8] * 2
    figure = found.reported.iloc[0]
    assert math.isclose(figure["measured"], 0.6 + sum(seed % 7 for seed in range(8)) / 8000)
    assert math.isclose(figure["difference"], figure["measured"] - 0.61)
    assert list(found.comparison["verdict"]) == ["baseline", "better"]
    assert all("instead of" not in note for note in found.notes)
    assert (tmp_path / "results" / "two" / "claims.csv").read_text().count("\n") == 3
    command = json.loads((found.path / "manifest.json").read_text())["sessions"][0]["command"]
    assert command[1:] == ["dlbench.run"]


def test_overrides_are_the_keywords_of_compare_and_the_notes_say_what_they_change(experiment):
    found = dlbench.run("two.toml", seeds=3, epochs=2, results_dir="elsewhere", alpha=0.01)
    assert found.path.parent.name == "elsewhere"
    assert found.path.name.startswith("two-")
    assert set(found.trials["epochs"]) == {2}
    assert found.notes[0] == "reduced: epochs 2 instead of 3, 3 seeds instead of 8"
    assert set(found.claims["answer"]) == {"not shown"}
    assert found.plan.criteria.alpha == 0.01
    assert dlbench.run("two.toml", activation=["relu"], seeds=2, name="own").path.name == "own"


def test_results_of_an_experiment_have_its_answers_when_they_are_loaded_too(experiment):
    ran = dlbench.run(experiment)
    loaded = dlbench.load_results(ran.path)
    assert loaded.claims.equals(ran.claims)
    assert loaded.reported.equals(ran.reported)


def test_results_of_a_comparison_have_no_claims(session, tmp_path):
    session()
    found = dlbench.load_results(tmp_path / "run")
    assert found.claims.empty
    assert found.reported.empty
    assert {"claim", "answer", "p"} <= {*found.claims}


SPREAD = """
[spread]
sources = ["order"]
backgrounds = 3
levels = 2
of = "difference"

[[claims]]
text = "The order keeps something"
metric = "test_accuracy"
relation = "kept(order) > constant(-0.1)"
"""


def test_claims_about_a_spread_are_not_asked_when_its_comparison_is_confirmed(experiment, tmp_path):
    """Fresh seeds show differences, and vary no source alone: such a claim would always fail to be confirmed."""
    experiment.write_text(FILE.replace("seeds = 8\n", "") + SPREAD)
    ran = dlbench.run(experiment)
    assert len(ran.claims) == 3
    found = dlbench.confirm(ran.path)
    assert found.found[0] == "Claim 3 is about where the spread comes from, which is not asked again."
    assert list(found.claims["claim"]) == [1, 2]


def test_where_an_experiment_is_gone_its_claims_are_those_that_the_folder_keeps(experiment):
    ran = dlbench.run(experiment)
    experiment.unlink()
    (ran.path / "two.toml").unlink()
    kept = dlbench.load_results(ran.path)
    assert list(kept.claims["answer"]) == ["supported", "refuted"]


def test_what_the_command_refuses_is_an_error_and_variants_are_a_type_error(experiment, tmp_path):
    with pytest.raises(DlbenchError, match="There is no experiment 'two'"):
        dlbench.run("two")
    with pytest.raises(DlbenchError, match="depth"):
        dlbench.run(experiment, depth=3)
    with pytest.raises(TypeError, match="an experiment's are in its file"):
        dlbench.run(experiment, variants=["label=a"])
    assert not (tmp_path / "results").exists()


def test_a_run_of_an_experiment_is_shown_with_its_title_figures_and_claims(experiment, dlbench, tmp_path):
    import dlbench as api

    path = api.run(experiment).path
    experiment.unlink()
    shown = dlbench("results", "show", str(path), columns=80).stdout
    assert shown.startswith("two: Two activations\n")
    for part in ("Reported against measured", "table 1", "tanh is better", "2 claims: 1 supported, 1 refuted"):
        assert part in shown
    document = json.loads(dlbench("results", "show", str(path), "--json").stdout)
    assert [claim["answer"] for claim in document["claims"]] == ["supported", "refuted"]
    assert document["experiment"]["title"] == "Two activations"
