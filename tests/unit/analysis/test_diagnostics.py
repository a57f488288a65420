"""Diagnostics as metrics: read by layer and epoch, judged, explained, written to diagnostics.csv."""

import csv
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from dlbench import Value
from dlbench.analysis.explain import explain
from dlbench.analysis.metrics import Query, check_metric, metric_value
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.plans.extend import extend_plan
from dlbench.report.terminal.explain import explanation_table, print_explanation
from dlbench.runs.tables import TableFiles
from dlbench.trials.diagnostics import DiagnosticsPlan, Reading
from dlbench.trials.trial_record import TrialRecord

WATCH = DiagnosticsPlan(
    diagnostics=("standard/saturation", "standard/sharpness"),
    at=("first", "last"),
    values=("saturation", "sharpness"),
    declared=(Value("saturation", better="lower", share=True), Value("sharpness", better="lower")),
)


@pytest.fixture
def measured(make_record):
    """A record with saturation of three layers and sharpness, at epochs 1 and 3."""

    def make(level=0.1, sharpness=2.0, **about):
        readings = [
            Reading(epoch, layer, "saturation", level * place * epoch)
            for epoch in (1, 3)
            for place, layer in enumerate(("conv1", "conv2", "fc"), start=1)
        ]
        readings += [Reading(epoch, "", "sharpness", sharpness) for epoch in (1, 3)]
        watched = dict.fromkeys(WATCH.diagnostics, (1, 3))
        return make_record(**about, diagnostics=tuple(readings), watched=watched)

    return make


@pytest.mark.parametrize(
    ("metric", "at", "expected"),
    [
        ("saturation", "last", 0.6),
        ("saturation", "selected", 0.6),
        ("saturation", 1, 0.2),
        ("saturation@first", "last", 0.3),
        ("saturation@last", "last", 0.9),
        ("saturation@last", 1, 0.3),
        ("saturation@conv2", "last", 0.6),
        ("saturation", 2, None),
        ("sharpness", "last", 2.0),
        ("sharpness@last", "last", None),
    ],
)
def test_a_reading_is_a_metric_of_a_layer_or_the_mean_over_layers(measured, metric, at, expected):
    found = metric_value(measured(), Query(metric=metric, at=at))
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_value_that_is_not_finite_leaves_the_mean_without_one(make_record):
    readings = (Reading(1, "a", "saturation", math.nan), Reading(1, "b", "saturation", 0.5))
    record = make_record(diagnostics=readings)
    assert metric_value(record, Query(metric="saturation")) is None
    assert metric_value(record, Query(metric="saturation@b")) == 0.5


def test_an_unknown_layer_and_an_unknown_value_are_named(measured):
    with pytest.raises(DlbenchError, match="no layer 'conv9'") as caught:
        check_metric("saturation@conv9", measured())
    assert "conv" in caught.value.hint
    with pytest.raises(DlbenchError, match="no metric 'saturaton'") as caught:
        check_metric("saturaton", measured())
    assert "saturation" in caught.value.hint
    with pytest.raises(DlbenchError, match="no metric 'saturation'"):
        check_metric("saturation")
    check_metric("saturation@conv1", measured=["saturation"])  # layers are unknown before the run


def test_a_trial_whose_diagnostic_failed_has_no_value_and_stops_nothing(measured, make_plan):
    plan = replace(make_plan(), diagnostics=WATCH)
    records = [measured(activation=a, seed=s) for a in ("relu", "tanh") for s in range(3)]
    records[0] = replace(records[0], diagnostics=())
    records[1] = replace(records[1], diagnostics=(), watched={})
    (family,) = judge_run(records, plan, {"metric": "saturation"}).families
    (found,) = family.comparisons
    assert (found.n, found.dropped) == (1, 2)


def test_readings_survive_the_journal(measured):
    record = measured()
    assert TrialRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    older = {k: v for k, v in record.to_json().items() if k not in ("diagnostics", "watched")}
    assert TrialRecord.from_json(older).diagnostics == ()


def test_diagnostics_csv_exists_only_where_something_was_measured(measured, make_record, tmp_path):
    files = TableFiles(tmp_path)
    files.rebuild([make_record(seed=0)])
    assert not (tmp_path / "diagnostics.csv").exists()
    assert not files.append(measured(seed=1))  # a new file: the session rebuilds
    files.rebuild([make_record(seed=0), measured(seed=1)])
    assert files.append(measured(seed=2))
    with (tmp_path / "diagnostics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["trial_id", "epoch", "layer", "diagnostic", "value"]
    assert len(rows) == 16
    assert {row["trial_id"] for row in rows} == {measured(seed=1).trial_id, measured(seed=2).trial_id}
    assert rows[6] == rows[6] | {"epoch": "1", "layer": "", "diagnostic": "sharpness", "value": "2.0"}


def study(measured, make_plan, seeds=7):
    plan = replace(make_plan(seeds=range(seeds)), diagnostics=WATCH)
    levels = {"relu": 0.1, "tanh": 0.2}
    noise = [0.001 * seed for seed in range(seeds)]
    return [measured(level=levels[a] + noise[s], activation=a, seed=s) for a in levels for s in range(seeds)], plan


def test_what_a_diagnostic_declares_decides_which_values_are_better(measured, make_plan):
    records, plan = study(measured, make_plan)
    judged = judge_run(records, plan, {"metric": "saturation"})
    assert [c.verdict for c in judged.families[0].comparisons] == ["worse"]
    plan = replace(plan, diagnostics=replace(WATCH, declared=(Value("saturation", better="higher"),)))
    judged = judge_run(records, plan, {"metric": "saturation"})
    assert [c.verdict for c in judged.families[0].comparisons] == ["better"]


def test_a_run_from_before_declarations_is_read_by_those_of_the_installed_plugins(measured, make_plan):
    records, plan = study(measured, make_plan)
    now = judge_run(records, plan, {"metric": "saturation"})
    plan = replace(plan, diagnostics=replace(WATCH, declared=None))
    before = judge_run(records, plan, {"metric": "saturation"})
    assert (before.families, before.metric.better, before.metric.share) == (now.families, "lower", True)


def test_explaining_gives_the_diagnostics_that_differ_with_paired_verdicts(measured, make_plan):
    found = explain(*study(measured, make_plan))
    assert [d.metric.name for d in found.differences] == ["saturation", "saturation@first", "saturation@last"]
    assert (found.judged, found.epochs, found.n) == (4, (1, 3), 7)  # sharpness is the same for both
    first = found.differences[0]
    assert first.word == "higher"
    assert first.comparison.difference == pytest.approx(0.6)
    assert first.baseline_mean == pytest.approx(0.6 + 6 * 0.003)
    assert first.comparison.p == pytest.approx(2 / 2**7)
    assert first.sentence == (
        "saturation at the last epoch on digits: higher in tanh than in relu, +60.0 points [+60.0, +60.0], "
        "n = 7 paired seeds, adjusted p = 0.016"
    )


def test_what_explodes_is_higher_and_what_it_is_compared_with_keeps_its_mean(measured, make_plan):
    records, plan = study(measured, make_plan)
    relu, tanh = records[:7], [measured(level=math.inf, activation="tanh", seed=seed) for seed in range(7)]
    first = explain([*relu, *tanh], plan).differences[0]
    assert (first.word, first.document()["verdict"]) == ("higher", "higher")
    assert "higher in tanh than in relu, on 7 of 7 seeds, as some values are infinite, n = 7" in first.sentence
    assert first.baseline_mean == pytest.approx(0.6 + 6 * 0.003)


def test_what_is_explained_is_what_the_same_metric_is_judged_by(measured, make_plan):
    records, plan = study(measured, make_plan)
    asked = {"metric": "saturation@last", "margin": 0.0, "at": "last"}
    (family,) = judge_run(records, plan, asked).families
    assert explain(records, plan).differences[2].comparison == family.comparisons[0]


def test_too_few_seeds_claim_nothing(measured, make_plan):
    found = explain(*study(measured, make_plan, seeds=2))
    assert found.differences == ()
    assert "n = 2: no claim" in printed(found)
    assert "none is shown to differ" in printed(explain(*study(measured, make_plan, seeds=4)))


def test_a_diagnostic_that_the_baseline_lacks_is_named_and_the_others_are_judged(measured, make_plan):
    records, plan = study(measured, make_plan)
    kept = [
        replace(r, diagnostics=tuple(d for d in r.diagnostics if d.diagnostic != "saturation"))
        if r.trial.activation.short == "relu"
        else r
        for r in records
    ]
    found = explain(kept, plan)
    assert (found.one_sided, found.n) == (("saturation",), 7)
    assert "No comparison has saturation on both sides: choose a --baseline that has values." in printed(found)
    alone = explain([replace(r, diagnostics=()) if r.trial.activation.short == "relu" else r for r in records], plan)
    assert "n = 0" not in printed(alone)


def test_what_another_comparison_of_the_folder_measured_of_some_variants_is_left_out(measured, make_plan):
    records, plan = study(measured, make_plan)
    plan = replace(plan, diagnostics=DiagnosticsPlan())
    some = [replace(r, diagnostics=(), watched={}) if r.trial.activation.short == "tanh" else r for r in records]
    assert explain(some, plan).judged == 0
    assert explain(records, plan).judged == 4


def test_without_diagnostics_the_output_names_the_option(make_record, make_plan):
    found = explain([make_record()], make_plan(seeds=[0]))
    assert "--diagnostics" in printed(found)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_and_keeps_differences_and_verdicts(measured, make_plan, width):
    found = explain(*study(measured, make_plan))
    console = Console(width=width, record=True)
    with console.capture() as capture:
        console.print(explanation_table(found, width))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    assert "higher" in capture.get()
    assert ("baseline" in capture.get()) == (width >= 80)


def printed(found):
    console = Console(width=100)
    with console.capture() as capture:
        print_explanation(console, found)
    return capture.get()


def test_an_extended_plan_keeps_its_diagnostics(make_plan):
    before = replace(make_plan(), diagnostics=DiagnosticsPlan(diagnostics=("a",), at=("last",), values=("x",)))
    now = replace(make_plan(), diagnostics=DiagnosticsPlan(diagnostics=("b",), at=("first",), values=("y",)))
    joined = extend_plan(before, now).diagnostics
    assert joined == DiagnosticsPlan(diagnostics=("a", "b"), at=("last", "first"), values=("x", "y"))
    assert extend_plan(before, make_plan()).diagnostics == before.diagnostics
    assert "watch" not in extend_plan(make_plan(), make_plan()).to_json()
