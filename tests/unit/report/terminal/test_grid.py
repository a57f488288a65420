"""The table of a grid: every combination with its judged metric, nothing cut."""

import io
from itertools import product
from statistics import fmean, stdev

import pytest
from rich.cells import cell_len
from rich.console import Console

from dlbench.analysis.best_combination import best_in_words, best_variant
from dlbench.analysis.verdicts import judge_run
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.report.terminal.grid import grid_table

AXES = {"activation": ("relu", "tanh", "gelu"), "batch_size": ("32", "64")}


@pytest.fixture
def grid(make_record):
    """Return the verdicts and the plan of a grid whose accuracies a function of values and seed gives."""

    def make(axes=AXES, seeds=3, accuracy=lambda values, seed: 0.5, metric="test_accuracy", left_out=()):
        records, variants = [], []
        for number, texts in enumerate(product(*axes.values())):
            values = dict(zip(axes, texts, strict=True))
            if texts in left_out:
                continue
            settings = {"learning_rate": 0.001 + number / 1000}  # an identity of its own
            found = [make_record(seed=s, accuracy=0.01 + accuracy(values, s), settings=settings) for s in range(seeds)]
            variants.append(PlannedVariant(label=", ".join(texts), values=values, variant_id=found[0].trial.variant_id))
            records += found
        plan = PlanRecord(
            axes=axes, fixed={}, variants=tuple(variants), seeds=tuple(range(seeds)), baseline=variants[0].label
        )
        return judge_run(records, plan, {"metric": metric}), plan

    return make


def shown(judged, plan, width=80, title=""):
    table = grid_table(judged, plan, width, title)
    if table is None:
        return None
    screen = Console(file=io.StringIO(), width=width)
    screen.print(table)
    return screen.file.getvalue()


def level(values, seed):
    return {"relu": 0.5, "tanh": 0.75, "gelu": 0.625}[values["activation"]] + 0.01 * seed


def test_the_axis_with_fewer_values_goes_across_and_the_other_down(grid):
    lines = shown(*grid(accuracy=level), title="a-run").splitlines()
    assert lines[0].startswith("a-run: test accuracy (%)")
    assert [word for word in lines[2].split() if word.isdigit()] == ["32", "64"]
    assert [line.split()[0] for line in lines[4:7]] == ["relu", "tanh", "gelu"]


def test_each_cell_is_mean_and_deviation_over_the_seeds(grid):
    text = shown(*grid(accuracy=lambda values, seed: 0.5 + 0.01 * seed * seed))
    found = [50.0 + seed * seed for seed in range(3)]
    assert text.count(f"{fmean(found):.2f} ± {stdev(found):.2f}") == 6
    assert "± standard deviation, n = 3" in text


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_have_no_deviation(grid, seeds):
    text = shown(*grid(seeds=seeds, accuracy=level))
    assert "±" not in text
    assert f"n = {seeds}" in text


#: By which the baseline is the best.
MIRROR = {"relu": "tanh", "tanh": "relu", "gelu": "gelu"}


def graded(values, seed):
    return level(values, seed) + (0.05 if values["batch_size"] == "64" else 0) + 0.001 * (seed % 2)


def test_the_best_combination_is_marked_with_the_verdicts_that_were_planned(grid):
    judged, plan = grid(seeds=8, accuracy=graded)
    (marked,) = [line for line in shown(judged, plan).splitlines() if "* 8" in line]
    assert marked.startswith("tanh")
    verdicts = {
        (family.axis, c.variant): c.verdict
        for family in judged.simple_effects
        for c in family.comparisons
        if family.place in ({"batch_size": "64"}, {"activation": "tanh"})
    }
    said = best_in_words(best_variant(judged, plan), judged)
    assert said.startswith("Best of 6 means, which flatters it: tanh, 64. There, ")
    assert f"activation tanh against relu: {verdicts['activation', 'tanh']}" in said
    assert f"batch size 64 against 32: {verdicts['batch_size', '64']}" in said


def test_a_best_combination_with_a_baseline_names_what_was_compared_with_it(grid):
    def mirrored(values, seed):
        return graded({**values, "activation": MIRROR[values["activation"]]}, seed)

    judged, plan = grid(accuracy=mirrored)
    said = best_in_words(best_variant(judged, plan), judged)
    assert "activation tanh, gelu against relu: n too small" in said
    assert "batch size 64 against 32: n too small" in said


@pytest.mark.parametrize("metric", ["train_seconds", "test_accuracy"])
def test_nothing_is_best_where_means_are_equal_or_no_side_is_better(grid, metric):
    text = shown(*grid(accuracy=level, metric=metric), width=200)
    assert "*" not in text
    assert "best" not in text


def test_a_combination_that_was_left_out_has_a_dash(grid):
    text = shown(*grid(accuracy=level, left_out=[("gelu", "64")]))
    assert "–" in next(line for line in text.splitlines() if line.startswith("gelu"))


def test_one_axis_has_no_grid(grid):
    judged, plan = grid(axes={"activation": ("relu", "tanh", "gelu"), "batch_size": ("32",)}, accuracy=level)
    assert shown(judged, plan) is None


def test_three_axes_have_one_table_with_two_of_them_down(grid):
    axes = {**AXES, "optimizer": ("adam", "sgd", "adamw")}
    lines = shown(*grid(axes=axes, accuracy=level)).splitlines()
    rows = [line.split()[:2] for line in lines if line.startswith(AXES["activation"])]
    assert rows == [[name, optimizer] for name in AXES["activation"] for optimizer in axes["optimizer"]]


NAMES = ("leaky-relu:negative_slope=0.123456789", "плавный-выпрямитель", "活性化関数", "x\x1b[31m")


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("names", [("relu", "tanh", "gelu"), NAMES], ids=["short", "wide"])
def test_a_grid_that_does_not_fit_has_a_row_for_each_combination(grid, width, names):
    axes = {"activation": names, "batch_size": ("32", "64", "128")}
    judged, plan = grid(axes=axes, accuracy=lambda values, seed: 0.5 + 0.01 * seed)
    text = shown(judged, plan, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.count("51.00 ± 1.00") == 3 * len(names), "no number is cut"
    assert "\x1b" not in text
