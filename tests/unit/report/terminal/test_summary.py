import io
import math
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from dlbench.analysis.summary import summarize
from dlbench.report.terminal.summary import failure_notes, print_comparison


@pytest.fixture
def printed():
    def printed(records, plan, width=80, **console):
        file = io.StringIO()
        screen = Console(file=file, width=width, **console)
        print_comparison(screen, summarize(records, plan), plan, title="a-run")
        return file.getvalue()

    return printed


@pytest.fixture
def records(make_record):
    accuracies = {"relu": (0.9712, 0.9634, 0.9688), "tanh": (0.9512, 0.9434, 0.9401)}
    return [make_record(name, seed, each) for name, three in accuracies.items() for seed, each in enumerate(three)]


def _row(text, label):
    return next(line for line in text.splitlines() if line.strip().startswith(label))


def test_a_row_has_percentages_with_deviations_and_no_mean_is_marked_as_the_best(records, make_plan, printed):
    text = printed(records, make_plan())
    mean = (97.12 + 96.34 + 96.88) / 3
    std = math.sqrt(sum((value - mean) ** 2 for value in (97.12, 96.34, 96.88)) / 2)
    assert f" 3  {mean:.2f} ± {std:.2f} " in _row(text, "relu")
    assert "*" not in text
    assert "a-run" in text
    assert "12,346" in _row(text, "relu")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_keeps_to_the_width_and_the_accuracies_stay(records, make_plan, printed, width):
    text = printed(records, make_plan(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    if width > 40:
        assert "96.78 ± 0.40" in text
        assert "95.78 ± 0.40" in text
        assert "…" not in text


def test_the_least_important_columns_go_first(records, make_plan, printed):
    assert "meters" in printed(records, make_plan(), 80)
    narrower = printed(records, make_plan(), 72)
    assert "meters" not in narrower
    assert "per s" in narrower
    assert "12,346" not in printed(records, make_plan(), 60)


def with_axis(plan, axis, value):
    """The plan with one more axis, on which all variants have the same value."""
    variants = tuple(replace(variant, values={**variant.values, axis: value}) for variant in plan.variants)
    return replace(plan, axes={**plan.axes, axis: (value,)}, variants=variants)


def test_long_names_fold_and_nothing_essential_is_cut(make_record, make_plan, printed):
    name = "rrelu:lower=0.111:upper=0.444:something=0.123456789"
    plan = make_plan([name, "relu"])
    plan = with_axis(plan, "model", "torchvision-like-model-name:width=64")
    text = printed([make_record(name, seed) for seed in (0, 1, 2)], plan)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "90.00 ± 0.00" in text
    assert "…" not in text


def test_each_axis_has_its_column(make_record, make_plan, printed):
    plan = with_axis(make_plan(), "learning_rate", "0.1")
    header = printed([make_record()], plan, 100).splitlines()[2:5]
    assert "activation" in "".join(header)
    assert "learning rate" in "".join(header)


def test_one_seed_claims_nothing(make_record, make_plan, printed):
    text = printed([make_record("relu"), make_record("tanh")], make_plan())
    assert "±" not in text
    assert "n = 1: no claim" in text


def test_no_colour_and_no_style_reach_a_pipe(records, make_plan, printed):
    assert "\x1b" not in printed(records, make_plan())


def test_no_color_leaves_no_colour_on_a_terminal(records, make_plan, printed, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(records, make_plan(), force_terminal=True)
    assert "\x1b[1ma-run" in text  # bold is no colour
    assert not any(f"\x1b[{code}" in text for code in ("3", "4", "9"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"select": "best-on-test"}, "selected on the test set"), ({"validation": "test"}, "selected on the test set")],
)
def test_a_selection_on_the_test_set_shows(make_record, make_plan, printed, settings, words):
    records = [make_record(seed=seed, settings=settings) for seed in range(3)]
    assert words in printed(records, make_plan(["relu"], **settings))
    assert words not in printed([make_record()], make_plan())


def test_only_the_variants_that_were_selected_on_the_test_set_are_named(make_record, make_plan, printed):
    plan = make_plan()
    plan = replace(plan, variants=(plan.variants[0], make_plan(select="best-on-test").variants[1]))
    records = [make_record("relu"), make_record("tanh", settings={"select": "best-on-test"})]
    assert "selected on the test set: tanh" in printed(records, plan)


def test_what_gave_no_numbers_is_told_below_with_reason_and_log(make_record, make_plan, printed):
    failed = [
        make_record("tanh", seed, status="failed", message="ValueError: [red]no[/red]", metrics={}) for seed in (0, 2)
    ]
    records = [
        make_record("tanh", 1),
        *failed,
        make_record("relu", 0, status="diverged", message="the loss was not finite in epoch 2"),
        make_record("relu", 1, status="vetoed", message="no activation to vary", metrics={}, cost={}),
    ]
    text = printed(records, make_plan())
    assert f"tanh: 2 of 3 failed (seed 0, 2): ValueError: [red]no[/red] [logs/{failed[0].trial_id}.log]" in text
    assert "relu: 1 of 2 diverged (seed 0): the loss was not finite in epoch 2" in text
    assert "relu: 1 of 2 vetoed (seed 1): no activation to vary" in text
    assert len(failure_notes(summarize(records, make_plan()))) == 3


def test_a_run_without_any_number_is_a_table_still(make_plan, printed):
    text = printed([], make_plan())
    assert "relu" in text
    assert "tanh" in text
