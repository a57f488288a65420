"""What Python gets of a run that shows where a spread comes from, whichever way it is opened."""

from pathlib import Path

import pytest

import dlbench

EXPERIMENT = """
schema = 1
title = "Where the spread comes from"
[settings]
dataset = "digits"
epochs = 1
train_size = 200
[spread]
sources = ["split", "order"]
backgrounds = 3
levels = 2
[[claims]]
text = "Fixing the order removes little."
metric = "test_accuracy"
relation = "removed(order) < constant(0.5)"
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dlbench.Comparison]:
    folder = tmp_path_factory.mktemp("spread")
    file = folder / "where.toml"
    file.write_text(EXPERIMENT)
    ran = dlbench.run(file, results_dir=folder / "runs", data_dir=folder / "data", name="where")
    return [ran, dlbench.load_results(Path(folder, "runs", "where"))]


def test_a_run_of_an_experiment_and_the_run_opened_again_tell_of_every_source(
    results: list[dlbench.Comparison],
) -> None:
    for result in results:
        for source in ("split", "order"):
            assert f"Varying only the {source} keeps" in result._repr_html_()


def test_the_frame_of_trials_has_those_that_vary_a_source_by_name(results: list[dlbench.Comparison]) -> None:
    for result in results:
        labels = set(result.trials["variant"])
        assert len(result.trials) == 3 + 3 * 2  # the backgrounds, and one other level of each source at each
        assert "mlp" in labels
        assert any("order=" in label for label in labels)
        assert any("split=" in label for label in labels)


def test_a_claim_about_a_share_has_the_same_answer_either_way(results: list[dlbench.Comparison]) -> None:
    answers = [result.claims["answer"].tolist() for result in results]
    effects = [result.claims["why"].tolist() for result in results]
    assert answers[0] == answers[1]
    assert effects[0] == effects[1]
    assert "fixed, the order removes" in effects[0][0]
