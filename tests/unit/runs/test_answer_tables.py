"""The tables of an experiment's answers: read back as they were written, and damage is told."""

from dataclasses import replace

import pytest

from dlbench.analysis.answers import Findings
from dlbench.analysis.claims import ClaimAnswer, claims_table
from dlbench.analysis.reported import ReportedFigure, reported_table
from dlbench.api.results import Comparison
from dlbench.components.metric_table import find_metric
from dlbench.errors import DlbenchError
from dlbench.runs.answer_tables import CHECKSUMS, read_answer_tables, write_answer_tables
from dlbench.runs.experiment_runs import kept_findings

CLAIM = {"claim": 1, "text": "a > b", "relation": "a > b", "metric": "test_accuracy", "at": "selected"}
FIGURE = {"variant": "a", "metric": "test_accuracy", "reported": 0.5, "n": 3, "measured": 0.625}


@pytest.fixture
def folder(tmp_path):
    rows = {"claims.csv": {**CLAIM, "answer": "supported", "why": "seen"}, "reported.csv": FIGURE}
    write_answer_tables(tmp_path, {name: (tuple(row), [row]) for name, row in rows.items()})
    return tmp_path


def test_they_are_read_back(folder):
    found = read_answer_tables(folder)
    assert [(claim.text, claim.answer, claim.why) for claim in found.claims] == [("a > b", "supported", "seen")]
    assert [(figure.reported, figure.measured) for figure in found.figures] == [(0.5, 0.625)]


@pytest.mark.parametrize("name", ["+dropout", "=a", "-1 layer", "@b", "'+dropout", "''=a", "'quoted'", "-0.5", "'-0.5"])
def test_texts_that_look_like_formulas_come_back_as_they_were(tmp_path, name):
    answer = ClaimAnswer(
        text=f"{name} helps.", relation=f"{name} > a", metric="test_accuracy", at="last", answer="supported", why=name
    )
    figure = ReportedFigure(variant=name, metric=find_metric("test_accuracy"), at="last", reported=0.5, place=name)
    write_answer_tables(tmp_path, {"claims.csv": claims_table([answer]), "reported.csv": reported_table([figure])})
    found = read_answer_tables(tmp_path)
    assert found.figures == (figure,)
    assert [(claim.text, claim.relation, claim.why) for claim in found.claims] == [
        (f"{name} helps.", f"{name} > a", name)
    ]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("claims.csv", "supported", "refuted"), ("reported.csv", "0.625", "0.925"), (CHECKSUMS, "claims.csv", "claims")],
)
def test_one_changed_word_is_noticed(folder, name, old, new):
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DlbenchError, match="was changed after it was written"):
        read_answer_tables(folder)


def test_a_folder_of_an_earlier_version_is_read_as_before(folder):
    (folder / CHECKSUMS).unlink()
    assert len(read_answer_tables(folder).claims) == 1


def test_a_comparison_of_no_experiment_has_none_of_those_in_its_folder(folder, make_plan):
    plan = make_plan()
    assert kept_findings(folder, plan) == Findings()
    assert Comparison(path=folder, plan=plan, records=()).claims.empty
    of_one = replace(plan, experiment="no-longer-installed")
    assert len(kept_findings(folder, of_one).claims) == 1
    assert len(Comparison(path=folder, plan=of_one, records=()).claims) == 1
