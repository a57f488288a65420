"""The page says first what was compared on what, whatever kind of run it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.report.html.first_screen import first_screen
from dlbench.runs.experiment_runs import answers_of, known_experiment, read_findings
from dlbench.runs.folder import RunFolder

RESULTS = Path(__file__).parents[4] / "results"


@pytest.fixture
def first():
    registry = Registry.load()

    def read(folder):
        judged = folder.judge()
        experiment = known_experiment(folder, registry)
        return first_screen(
            folder.path.name, folder.plan, folder.planned, judged, read_findings(folder, registry), experiment
        )

    return read


def test_a_comparison_names_what_varies_and_on_what(first):
    found = first(RunFolder(RESULTS / "activation-mnist"))
    assert found.compared == (
        "Activation relu, sigmoid or tanh, on mnist with simple-cnn; 7 seeds each, all 21 trials have numbers."
    )


@pytest.mark.parametrize(("run", "beginning"), [("cnns-reduced", "Reduced: "), ("activation-mnist", "")])
def test_only_a_run_that_deviates_from_its_experiment_says_so(run, beginning):
    folder, registry = RunFolder(RESULTS / run), Registry.load()
    answers = answers_of(folder.path, folder.records, folder.plan, registry)
    changed = first_screen(run, folder.plan, folder.planned, folder.judge(), answers, answers.experiment).changed
    assert changed[: len("Reduced: ")] == beginning


def test_a_spread_names_its_values_and_begins_with_what_helps(first):
    found = first(RunFolder(RESULTS / "spread-digits"))
    assert found.compared == "Where the spread comes from, on digits with mlp; 84 values."
    assert "more test images help" in found.sentences[0]
    assert found.sentences[1].startswith("Varying only the ")


def test_a_single_variant_is_named_without_what_it_is_compared_with(
    first, tmp_path, make_record, make_plan, provenance
):
    with RunFolder(tmp_path / "alone") as folder:
        plan = replace(make_plan(["relu"], range(2)), axes={})
        folder.start(plan, ("dlbench", "compare"), provenance)
        folder.add(make_record("relu", 0, accuracy=0.9))
    found = first(RunFolder(tmp_path / "alone"))
    assert found.compared == "On digits with mlp; 2 seeds, 1 of 2 trials have numbers."


def test_what_a_variant_sets_itself_is_not_said_of_all(first, tmp_path, make_record, make_plan, provenance):
    with RunFolder(tmp_path / "two") as folder:
        plan = replace(make_plan(["relu", "tanh"], range(2)), axes={"variant": ("relu", "tanh")})
        own = replace(plan.variants[1], assigned={"model": "standard/mlp:hidden=32"})
        folder.start(replace(plan, variants=(plan.variants[0], own)), ("dlbench", "compare"), provenance)
        folder.add(make_record("relu", 0, accuracy=0.9))
    found = first(RunFolder(tmp_path / "two"))
    assert found.compared == "Compared: relu or tanh, on digits; 2 seeds each, 1 of 4 trials have numbers."
