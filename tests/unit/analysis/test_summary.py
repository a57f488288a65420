import math
import statistics
from dataclasses import replace

import pytest

from dlbench.analysis.per_class import per_class, per_class_table
from dlbench.analysis.summary import STANDARD_METRICS, Summary, summarize, summary_table
from dlbench.analysis.verdicts import judge_run
from dlbench.components.metric_table import find_metric


def test_mean_and_deviation_agree_with_the_standard_library():
    values = {0: 0.91, 1: 0.95, 2: 0.90, 7: 0.925}
    summary = Summary.of(values)
    assert summary.mean == pytest.approx(statistics.fmean(values.values()), rel=1e-15)
    assert summary.std == pytest.approx(statistics.stdev(values.values()), rel=1e-14)
    assert (summary.minimum, summary.maximum, summary.n, summary.values) == (0.90, 0.95, 4, values)


def test_one_value_has_no_deviation():
    assert Summary.of({3: 0.5}).std is None


def test_variants_come_in_the_order_of_the_plan_with_values_by_seed(make_record, make_plan):
    records = [make_record(name, seed, (80 + seed) / 100) for seed in (2, 0, 1) for name in ("tanh", "relu")]
    summaries = summarize(records, make_plan(["relu", "tanh"]))
    assert [summary.label for summary in summaries] == ["relu", "tanh"]
    assert summaries[1].values == {"activation": "tanh"}
    assert dict(summaries[0].metrics["validation_accuracy"].values) == {0: 0.8, 1: 0.81, 2: 0.82}
    assert list(summaries[0].metrics["validation_accuracy"].values) == [0, 1, 2]
    assert tuple(summaries[0].metrics) == STANDARD_METRICS


def test_records_outside_the_plan_are_ignored(make_record, make_plan):
    (summary,) = summarize([make_record("relu"), make_record("gelu")], make_plan(["relu"]))
    assert summary.n == 1


def test_a_diverged_trial_counts_with_its_accuracy_but_not_with_its_time_and_failed_ones_not_at_all(
    make_record, make_plan
):
    records = [
        make_record(seed=0, accuracy=0.9),
        make_record(seed=1, status="diverged", metrics={"validation_accuracy": 0.1}, cost={"train_seconds": 5.0}),
        make_record(seed=2, status="failed", message="ValueError: no", metrics={}),
        make_record(seed=3, status="failed", message="ValueError: no", metrics={}),
        make_record(seed=4, status="oom", metrics={}),
    ]
    (summary,) = summarize(records, make_plan(["relu"], range(5)))
    assert (summary.n, summary.failed) == (2, 3)
    assert summary.metrics["validation_accuracy"].values == {0: 0.9, 1: 0.1}
    assert set(summary.metrics["train_seconds"].values) == {0}
    found = [(failure.status, failure.message, failure.seeds) for failure in summary.failures]
    assert found == [("diverged", "", (1,)), ("failed", "ValueError: no", (2, 3)), ("oom", "", (4,))]


@pytest.mark.parametrize("lost", [0, 2])
def test_a_diverged_trial_has_the_largest_loss_wherever_it_stands(make_record, make_plan, lost):
    records = [make_record(seed=seed, accuracy=0.9) for seed in range(3)]
    records[lost] = replace(records[lost], status="diverged", metrics={"test_loss": math.nan})
    (summary,) = summarize(records, make_plan(["relu"]))
    loss = summary.metrics["test_loss"]
    assert (loss.n, loss.mean, loss.minimum, loss.maximum) == (3, math.inf, pytest.approx(0.31), math.inf)
    assert loss.text(find_metric("test_loss")) == "inf"


def test_a_loss_that_a_finished_trial_lacks_is_left_out(make_record, make_plan):
    lost = make_record(seed=0, metrics={"test_loss": math.nan})
    (summary,) = summarize([lost, make_record(seed=1, accuracy=0.9)], make_plan(["relu"]))
    assert summary.metrics["test_loss"].values == {1: pytest.approx(0.31)}


def test_a_metric_that_no_trial_has_is_omitted(make_record, make_plan):
    (summary,) = summarize([make_record(metrics={"test_loss": None})], make_plan(["relu"]))
    assert set(summary.metrics) == {"train_seconds", "images_per_second", "parameters"}


def test_a_variant_without_records_has_an_empty_summary(make_plan):
    (summary,) = summarize([], make_plan(["relu"]))
    assert (summary.n, summary.failed, summary.metrics) == (0, 0, {})


@pytest.mark.parametrize(
    ("settings", "use"),
    [
        ({}, ""),
        ({"select": "last"}, ""),
        ({"select": "best-on-test"}, "selected on the test set"),
        ({"validation": "test"}, "selected on the test set"),
        ({"validation": "test", "select": "last"}, "validated on the test set"),
    ],
)
def test_the_use_of_the_test_set_is_stated(make_record, make_plan, settings, use):
    (summary,) = summarize([make_record(settings=settings)], make_plan(["relu"], **settings))
    assert summary.test_use == use


def test_the_table_has_four_columns_a_metric(make_record, make_plan):
    columns, rows = summary_table(summarize([make_record(seed=seed) for seed in range(3)], make_plan()))
    assert columns[:4] == ("label", "activation", "n", "failed")
    assert len(columns) == 4 + 4 * len(STANDARD_METRICS)
    assert rows[0]["parameters_mean"] == 17000
    assert rows[0]["parameters_std"] == 0
    assert rows[1] == {"label": "tanh", "activation": "tanh", "n": 0, "failed": 0}


def test_two_seeds_have_no_deviation_in_any_table(make_record, make_plan):
    plan, records = make_plan(seeds=(0, 1)), [make_record(seed=0), make_record(seed=1, accuracy=0.8)]
    records += [make_record("tanh", seed=seed) for seed in (0, 1)]
    tables = (summary_table(summarize(records, plan)), per_class_table(per_class(records, plan)))
    for columns, rows in (*tables, judge_run(records, plan).table()):
        deviations = [column for column in columns if column.endswith("std")]
        assert deviations
        assert {row[column] for row in rows for column in deviations} == {None}
