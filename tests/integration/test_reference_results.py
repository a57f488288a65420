"""The committed results and the page about them."""

import re
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.report.markdown import markdown
from dlbench.runs.experiment_runs import ExperimentRuns, read_experiment_runs
from dlbench.runs.locations import list_runs

RESULTS = Path(__file__).parents[2] / "results"

pytestmark = pytest.mark.slow  # reads and judges all committed runs


@pytest.fixture(scope="module")
def answered() -> ExperimentRuns:
    if not list_runs(RESULTS):
        pytest.skip("results/ holds no runs: this is no checkout")
    return read_experiment_runs(RESULTS, Registry.load())


def test_the_page_agrees_with_the_folders(answered):
    assert answered.problems == ()
    assert markdown(answered) == (RESULTS / "README.md").read_text(encoding="utf-8")


def test_every_planned_trial_of_a_committed_run_has_a_record(answered):
    assert {run.folder: run.done for run in answered.runs} == {run.folder: run.planned for run in answered.runs}


def test_no_weights_are_committed(answered):
    assert not [path for path in RESULTS.rglob("*") if path.suffix in (".pt", ".safetensors")]


def test_the_script_runs_every_committed_run(answered):
    named = set(re.findall(r"[\w-]+", (RESULTS / "reproduce.sh").read_text(encoding="utf-8")))
    assert {run.folder for run in answered.runs} <= named | {f"{name}-reduced" for name in named}


@pytest.mark.parametrize("page", sorted(RESULTS.rglob("*.md")), ids=lambda page: str(page.relative_to(RESULTS)))
def test_links_between_the_results_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
