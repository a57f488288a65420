"""The search before a comparison, as readers see it: a table, a section of the page, two figures, a document."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from dlbench.analysis.tuning import choose
from dlbench.analysis.tuning_report import report_tuning
from dlbench.analysis.verdicts import judge_run
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord
from dlbench.report.documents import verdicts_document
from dlbench.report.figures import KINDS, figure_data
from dlbench.report.html.content import search_section
from dlbench.report.terminal.tuning import print_tuning

RATES = (0.001, 0.004, 0.03, 0.09)


@pytest.fixture
def study(make_record, make_plan):
    """Return the records and the plan of a tuned comparison of relu and tanh; the largest rate of relu diverged."""

    def make(searches=1, design="sobol"):
        records, found = [], []
        for number in range(searches):
            candidates = {}
            for name in ("relu", "tanh"):
                listed = []
                for rate in RATES:
                    record = make_record(name, 1_000_000 + number)
                    settings = replace(record.trial.settings, learning_rate=rate)
                    trial = replace(record.trial, role="tuning", settings=settings)
                    status = "diverged" if (name, rate) == ("relu", 0.09) else "done"
                    score = {"validation_accuracy": 0.9 - abs(rate - 0.03)}
                    records.append(replace(record, trial=trial, status=status, metrics=score))
                    listed.append(Candidate(values={"learning_rate": rate}, variant_id=trial.variant_id))
                candidates[name] = tuple(listed)
            found.append(Search(seeds=(1_000_000 + number,), candidates=candidates))
        ranges = {name: {"learning_rate": "log:0.0001..0.1"} for name in ("relu", "tanh")}
        tuning = TuningRecord(ranges=ranges, budget=4, design=design, searches=tuple(found))
        plan = replace(make_plan(["relu", "tanh"], range(6)), tuning=choose(records, tuning))
        records += [make_record(name, seed, 0.8 + seed / 100) for name in ("relu", "tanh") for seed in range(6)]
        return records, plan

    return make


def printed(report, width=100):
    console = Console(file=io.StringIO(), width=width)
    print_tuning(console, report)
    return console.file.getvalue()


def test_the_table_has_choices_what_they_were_worth_and_how_far_they_were_too_good(study):
    text = printed(report_tuning(*study()))
    (row,) = [line for line in text.splitlines() if line.startswith("relu")]
    assert row.split() == [
        "relu",
        "0.001",
        "→",
        "0.03",
        "87.10",
        "→",
        "90.00",
        "82.50",
        "+7.50",
        "4",
        "(1",
        "diverged)",
    ]
    assert "chosen by validation accuracy on seed 1,000,000; no test image was read" in text
    assert "4 points are few for 1 searched value" in text.replace("\n", " ")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_on_a_narrow_terminal_the_choices_stay(study, width):
    text = printed(report_tuning(*study()), width)
    assert "0.001 → 0.03" in text
    assert all(len(line) <= width for line in text.splitlines() if line.startswith(("relu", "tanh", "variant")))


def test_several_searches_show_the_span_of_what_they_chose(study):
    records, plan = study(searches=6)
    report = report_tuning(records, plan)
    assert report.introduction.startswith(
        "As tuned by this procedure (the best of 4 learning rates in each of 6 searches)"
    )
    assert "6 seeds from 1,000,000 to 1,000,005" in printed(report)


def test_a_search_in_time_says_how_long_it_was(study):
    records, plan = study()
    timed = replace(plan, tuning=replace(plan.tuning, seconds=90.0))
    said = " ".join(printed(report_tuning(records, timed)).split())
    assert "4 points each in 1 min 30 s of training, the default among them" in said


def test_a_warning_writes_the_name_of_its_variant_as_it_is(study):
    records, plan = study()
    lost = [replace(r, status="diverged") if r.trial.activation.name.endswith("relu") else r for r in records]
    assert "\nrelu: no point could be trained to its end, so it keeps its own settings." in printed(
        report_tuning(lost, replace(plan, tuning=choose(lost, plan.tuning)))
    )


def test_the_section_of_the_page_says_the_same(study):
    section = search_section(report_tuning(*study()))
    assert section.introduction == "At the best of 4 learning rates each, chosen on validation with other seeds"
    assert [row.name for row in section.table.rows] == ["relu", "tanh"]
    assert section.table.rows[0].cells[0] == "0.001 → 0.03"
    assert len(section.table.columns) == len(section.table.rows[0].cells)
    assert section.warnings


def test_a_document_has_every_point_with_its_score(study):
    records, plan = study()
    judged = replace(judge_run(records, plan), tuning=report_tuning(records, plan))
    document = verdicts_document(judged)["tuning"]
    (points,) = document["variants"]["relu"]["points"]
    assert [point["learning_rate"] for point in points] == list(RATES)
    assert points[3] == {"learning_rate": 0.09, "score": pytest.approx(0.84), "diverged": True}
    assert document["variants"]["relu"]["chosen"] == [2]


@pytest.mark.parametrize("kind", ["tuning", "budget"])
@pytest.mark.parametrize("design", ["sobol", "random"])
def test_figures_show_every_variant(study, kind, design):
    records, plan = study(design=design)
    judged = replace(judge_run(records, plan), tuning=report_tuning(records, plan))
    data = figure_data(records, plan, judged=judged)
    assert KINDS[kind].unavailable_reason(data) == ""
    figure = KINDS[kind].draw(data)
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:2] == ["relu", "tanh"]
    assert labels[2:] == (["chosen", "diverged"] if kind == "tuning" else [])
    (axes,) = figure.axes
    assert bool(axes.collections) is (kind == "budget" and design == "random"), "a band where points are independent"


def test_the_best_to_be_expected_is_that_of_all_searches_and_of_no_more_points_than_one_has(study):
    records, plan = study(searches=6)
    judged = replace(judge_run(records, plan), tuning=report_tuning(records, plan))
    (axes,) = KINDS["budget"].draw(figure_data(records, plan, judged=judged)).axes
    relu, tanh = (line.get_ydata() for line in axes.lines)
    scores = [100 * (0.9 - abs(rate - 0.03)) for rate in RATES]
    assert relu[0] == pytest.approx(sum(scores[:3]) / 3)
    assert tanh[0] == pytest.approx(sum(scores) / 4)
    assert (len(relu), len(tanh)) == (4, 4)
    assert axes.get_xlabel() == "points tried, those without a score left out"


def test_a_logarithmic_search_has_a_logarithmic_axis(study):
    records, plan = study()
    judged = replace(judge_run(records, plan), tuning=report_tuning(records, plan))
    (axes,) = KINDS["tuning"].draw(figure_data(records, plan, judged=judged)).axes
    assert axes.get_xscale() == "log"


def test_a_run_without_a_search_has_no_such_figure(make_record, make_plan):
    data = figure_data([make_record("relu")], make_plan(["relu"]))
    assert re.search("--tune", KINDS["tuning"].unavailable_reason(data))
