"""The table of a grid: every combination with its judged metric, the best one marked, nothing cut."""

import io
from itertools import product
from statistics import fmean, stdev

import pytest
from rich.cells import cell_len
from rich.console import Console

from dlbench.analysis.verdicts import judge_run
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.report.terminal.grid import best_labels, best_sentence, grid_table

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


def test_the_best_mean_is_marked_and_named_in_a_sentence_that_claims_nothing(grid):
    judged, plan = grid(accuracy=lambda values, seed: level(values, seed) + 0.01 * (values["batch_size"] == "64"))
    assert best_labels(judged) == ("tanh, 64",)
    text = shown(judged, plan)
    assert text.count("*") == 2, "the cell, and the caption"
    assert "77.00" in next(line for line in text.splitlines() if line.startswith("tanh")).partition("*")[0]
    assert best_sentence(judged, plan) == (
        "best mean test accuracy of 6 combinations: tanh, 64 (77.00 %, n = 3); a mean, not a verdict"
    )


def test_means_that_read_the_same_are_all_marked(grid):
    judged, plan = grid(accuracy=lambda values, seed: level(values, seed) + 1e-9 * (values["batch_size"] == "64"))
    assert best_labels(judged) == ("tanh, 32", "tanh, 64")
    assert best_sentence(judged, plan).count("tanh") == 2


def test_the_smallest_loss_is_the_best(grid):
    judged, plan = grid(accuracy=level, metric="test_loss")
    assert best_labels(judged) == ("tanh, 32", "tanh, 64")  # the made-up loss falls as the accuracy rises
    assert "test loss" in shown(judged, plan)


def test_where_neither_side_is_better_there_is_no_best_one(grid):
    judged, plan = grid(accuracy=level, metric="best_epoch")
    assert (best_labels(judged), best_sentence(judged, plan)) == ((), "")
    assert "*" not in shown(judged, plan)


def test_a_combination_that_was_left_out_has_a_dash(grid):
    text = shown(*grid(accuracy=level, left_out=[("gelu", "64")]))
    assert "–" in next(line for line in text.splitlines() if line.startswith("gelu"))


def test_one_axis_has_no_grid(grid):
    judged, plan = grid(axes={"activation": ("relu", "tanh", "gelu"), "batch_size": ("32",)}, accuracy=level)
    assert (shown(judged, plan), best_sentence(judged, plan)) == (None, "")


def test_three_axes_have_one_table_with_two_of_them_down(grid):
    axes = {**AXES, "optimizer": ("adam", "sgd", "adamw")}
    lines = shown(*grid(axes=axes, accuracy=level)).splitlines()
    rows = [line.split()[:2] for line in lines if line.startswith(AXES["activation"])]
    assert rows == [[name, optimizer] for name in AXES["activation"] for optimizer in axes["optimizer"]]


NAMES = ("leaky-relu:negative_slope=0.123456789", "плавный-выпрямитель", "活性化関数", "x\x1b[31m")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("names", [("relu", "tanh", "gelu"), NAMES], ids=["short", "wide"])
def test_a_grid_fits_its_width_or_is_left_to_the_tables_below_it(grid, width, names):
    axes = {"activation": names, "batch_size": ("32", "64", "128")}
    judged, plan = grid(axes=axes, accuracy=lambda values, seed: 0.5 + 0.01 * seed)
    text = shown(judged, plan, width)
    assert (text is None) == (width < {3: 80, 4: 200}[len(names)])
    if text is not None:
        assert max(map(cell_len, text.splitlines())) <= width
        assert text.count("51.00 ± 1.00") == 3 * len(names), "no number is cut"
        assert "\x1b" not in text
