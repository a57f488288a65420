import csv
import math
from dataclasses import replace
from itertools import pairwise

import pytest

from dlbench.analysis.convergence import convergence, find_target
from dlbench.components.choice import Selection
from dlbench.plans.plan_record import PlannedVariant, Target
from dlbench.runs.folder import RunFolder

CURVES = {
    "relu": [[0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.3, 0.4, 0.6, 0.6], [0.2, 0.2, 0.2, 0.5, 0.7]],
    "tanh": [[0.2, 0.6, 0.7, 0.8, 0.8], [0.1, 0.2, 0.3, 0.3, 0.3], [0.5, 0.4, 0.6, 0.6, 0.6]],
}


def _with_curve(record, curve):
    epochs = tuple(
        {**record.epochs[0], "epoch": number, "train_accuracy": value + 0.1, "validation_accuracy": value}
        for number, value in enumerate(curve, start=1)
    )
    own = {"best_epoch": len(curve), "train_accuracy": curve[-1] + 0.1, "validation_accuracy": curve[-1]}
    return replace(record, epochs=epochs, metrics={**record.metrics, **own})


@pytest.fixture
def records(make_record):
    return [
        _with_curve(make_record(name, seed), curve) for name, rows in CURVES.items() for seed, curve in enumerate(rows)
    ]


@pytest.fixture
def plan(records, make_plan):
    made = make_plan(seeds=range(3))
    return replace(made, target=find_target(records, made))


def test_the_target_is_the_baselines_median_at_four_fifths_of_its_epochs(plan):
    assert plan.target == Target(
        metric="validation_accuracy",
        fraction=0.8,
        baseline="relu",
        values={"standard/digits": 0.5},  # of 0.4, 0.6 and 0.5, in epoch 4
    )


def test_each_data_set_has_the_target_of_the_baseline_on_it(records, plan):
    elsewhere = [replace(r, trial=replace(r.trial, dataset=Selection("own/b"))) for r in records]
    elsewhere = [_with_curve(r, [0.9 * value["validation_accuracy"] for value in r.epochs]) for r in elsewhere]
    variants = tuple(
        PlannedVariant(
            label=f"{variant.label}, {dataset}",
            values={**variant.values, "dataset": dataset},
            variant_id=found.trial.variant_id,
        )
        for dataset, group in (("a", records), ("b", elsewhere))
        for variant, found in zip(plan.variants, (group[0], group[3]), strict=True)
    )
    both = replace(plan, variants=variants, baseline="relu, a")
    values = find_target([*records, *elsewhere], both).values
    assert values == {"standard/digits": 0.5, "own/b": pytest.approx(0.45)}


def test_convergence_has_counts_medians_and_means(records, plan):
    relu, tanh = convergence(records, plan)
    assert (relu.reached, relu.n, relu.epochs, relu.seconds) == (3, 3, 4, 1.0)
    assert (tanh.reached, tanh.n, tanh.epochs) == (2, 3, 2)
    assert relu.gap == pytest.approx(0.1)
    assert relu.change == pytest.approx((0.4 / 4 + 0.5 / 4 + 0.5 / 4) / 3)
    areas = [sum((a + b) / 2 for a, b in pairwise(row)) / 4 for row in CURVES["relu"]]
    assert relu.area == pytest.approx(sum(areas) / 3)


def test_json_calls_the_trials_that_reached_the_target_hits(records, plan):
    relu, _ = (row.document() for row in convergence(records, plan))
    assert list(relu) == ["variant", "target", "n", "hits", "epochs", "seconds", "area", "change", "gap"]
    assert relu["hits"] == 3


def test_where_fewer_than_half_reach_the_target_the_median_is_infinite(records, plan):
    slow = [_with_curve(r, [0.1] * 5) if r.trial.activation.short == "tanh" and r.trial.seed else r for r in records]
    _, tanh = convergence(slow, plan)
    assert (tanh.reached, tanh.epochs) == (1, math.inf)


def test_a_single_epoch_has_no_convergence(make_record, make_plan):
    assert convergence([make_record(epochs=1)], make_plan()) == ()


def test_trials_csv_is_filled_at_the_end_of_a_session(tmp_path, records, make_plan, provenance):
    crashed = replace(records[-1], status="failed")
    with RunFolder(tmp_path) as folder:
        folder.start(make_plan(seeds=range(3)), ["dlbench"], provenance)
        for record in [*records[:-1], crashed]:
            folder.add(record)
    with (tmp_path / "trials.csv").open(newline="") as file:
        cells = [row["epochs_to_target"] for row in csv.DictReader(file)]
    assert cells == ["5.0", "4.0", "4.0", "2.0", "inf", ""]
