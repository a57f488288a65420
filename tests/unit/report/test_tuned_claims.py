"""The part of the page of results that says which claims survive tuning."""

from types import SimpleNamespace

import pytest

from dlbench.analysis.answers import ExperimentAnswers
from dlbench.analysis.claim_parts import Part
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.tuning import ScoredCandidate
from dlbench.analysis.tuning_report import SearchResult, TunedVariant, TuningReport
from dlbench.components.metric_table import METRICS
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord
from dlbench.report.tuned_claims import tuned_claims
from dlbench.runs.experiment_runs import ExperimentRun, ExperimentRuns

SMALL = "reduced: epochs 2 instead of 10"
RATE = "learning_rate"
NUMBERS = dict.fromkeys(("difference", "difference_low", "difference_high", "p", "p_adjusted"), 0.01)


def searched():
    points = tuple(
        ScoredCandidate(candidate=Candidate(values={RATE: rate}, variant_id=str(rate)), number=number, score=score)
        for number, (rate, score) in enumerate([(0.001, 0.9), (0.02, 0.95)])
    )
    record = TuningRecord(
        ranges={"relu": {RATE: "log:0.0001..0.1"}},
        budget=2,
        searches=(
            Search(seeds=(1_000_000,), candidates={"relu": tuple(p.candidate for p in points)}, chosen={"relu": 1}),
        ),
    )
    variant = TunedVariant(label="relu", results=(SearchResult(points=points, chosen=points[1]),), validation=0.94)
    return TuningReport(record=record, metric=METRICS["validation_accuracy"], variants=(variant,))


def made(folder, answer, deviations="", tuning=None):
    part = Part(claimed="relu > tanh", answer=answer, why=f"relu − tanh in {folder}", n=7, dropped=0, **NUMBERS)
    claim = ClaimAnswer(
        text="ReLU is better.",
        relation="relu > tanh",
        metric="validation_accuracy",
        at="last",
        answer=answer,
        why=part.why,
        parts=(part,),
    )
    experiment = SimpleNamespace(name="report/rates", title="Which is better", report="report")
    answers = ExperimentAnswers(experiment=experiment, deviations=deviations, summaries=(), figures=(), claims=(claim,))
    return ExperimentRun(
        folder=folder, answers=answers, done=7, planned=7, seeds=7, seconds=1.0, machines=(), tuning=tuning
    )


@pytest.fixture
def page():
    def write(*plain):
        tuned = made("tuned", "not shown", f"{SMALL}; tuned: learning rate", searched())
        return tuned_claims(ExperimentRuns(runs=(*plain, tuned)))

    return write


def test_a_claim_stands_with_its_answer_of_the_run_of_the_same_size_beside_that_of_tuned_variants(page):
    said = page(made("full", "refuted"), made("small", "supported", SMALL))
    assert f"[tuned](tuned) beside [small](small): both {SMALL}." in said
    assert "Of 1 supported claim 1 is no longer shown." in said
    (row,) = (line for line in said.splitlines() if line.startswith("| ReLU is better."))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "ReLU is better.",
        "supported: relu − tanh in small",
        "not shown: relu − tanh in tuned",
        "**is no longer shown**",
    ]


def test_what_was_chosen_and_how_stands_with_it(page):
    said = page(made("full", "supported"))
    assert "| relu | 0.001 → 0.02 | 90.00 → 95.00 | 94.00 | +1.00 | 2 |" in said
    assert "- Learning rate in log:0.0001..0.1; 2 points each, the default among them.\n" in said
    assert "- 2 points are few for 1 searched value: --budget 5 or more covers it better.\n" in said


def test_a_run_of_another_size_is_compared_where_there_is_no_other_and_that_is_said(page):
    assert f"[tuned](tuned) beside [full](full): the first {SMALL}; the second in full." in page(
        made("full", "supported")
    )
    assert "there is no run of this experiment without tuning" in page()


def test_a_page_without_tuned_runs_has_no_such_part():
    assert tuned_claims(ExperimentRuns(runs=(made("full", "supported"),))) == ""
