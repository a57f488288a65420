import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dlbench.report.figures import confusion, figure_data, learning_curves, rates
from dlbench.report.figures.curves import curve, draw


def _with(record, *accuracies):
    return replace(record, epochs=tuple({"validation_accuracy": value} for value in accuracies))


def test_a_curve_is_the_mean_with_a_band_of_one_standard_deviation(make_record):
    values = np.array([[0.1, 0.5], [0.2, 0.7], [0.6, 0.75]])
    line = curve([_with(make_record(seed=seed), *row) for seed, row in enumerate(values)], "validation_accuracy")
    np.testing.assert_array_equal(line.epochs, [1, 2])
    np.testing.assert_allclose(line.mean, values.mean(axis=0))
    np.testing.assert_allclose(line.high - line.mean, values.std(axis=0, ddof=1))
    np.testing.assert_allclose(line.mean - line.low, values.std(axis=0, ddof=1))


def test_the_band_of_an_accuracy_ends_where_accuracies_do(make_record):
    records = [_with(make_record(seed=seed), *row) for seed, row in enumerate([[0.3, 0.0], [1.0, 0.0], [1.0, 0.9]])]
    line = curve(records, "validation_accuracy")
    assert line.high[0] == 1
    assert line.low[1] == 0


def test_two_seeds_have_their_range_as_band_and_one_has_none(make_record):
    records = [_with(make_record(), 0.1, 0.5), _with(make_record(seed=1), 0.3)]
    line = curve(records, "validation_accuracy")
    np.testing.assert_allclose(line.mean, [0.2, 0.5])
    np.testing.assert_allclose(line.low, [0.1, math.nan])
    np.testing.assert_allclose(line.high, [0.3, math.nan])


def test_after_an_early_stop_or_a_divergence_the_others_make_the_mean(make_record):
    records = [
        _with(make_record(seed=0), 0.2, 0.4, 0.6),
        _with(make_record(seed=1), 0.4),
        _with(make_record(seed=2), 0.6, math.nan),
        _with(make_record(seed=3), 0.4, math.inf),
        _with(make_record(seed=4), 0.4, None),
    ]
    line = curve(records, "validation_accuracy")
    np.testing.assert_allclose(line.mean, [0.4, 0.4, 0.6])


def test_no_records_give_no_curve():
    assert len(curve([], "validation_accuracy").epochs) == 0


@pytest.mark.slow
@pytest.mark.parametrize("variants", [1, 3, 16])
def test_learning_curves_are_a_picture_with_something_on_it(tmp_path, make_record, make_plan, variants):
    names = [f"act{number}" for number in range(variants)]
    records = [make_record(name, seed) for name in names for seed in range(3)]
    records[0] = replace(records[0], status="diverged", epochs=({"validation_accuracy": math.nan, "train_loss": 1e30},))
    records[-1] = replace(records[-1], status="failed", epochs=())
    path = tmp_path / "figures" / "learning_curves.png"
    learning_curves(records, make_plan(names), path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1200
        assert len(picture.convert("RGB").getcolors(2**24)) > 20
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_only_epoch_is_a_point_with_a_bar_a_variant(make_record, make_plan):
    names = ["act0", "act1"]
    rows = {"act0": (0.1, 0.2, 0.3), "act1": (0.5, 0.6, 0.7)}
    records = [_with(make_record(name, seed), rows[name][seed]) for name in names for seed in range(3)]
    left = draw(figure_data(records, make_plan(names))).axes[0]
    assert [tick for tick in left.get_xticks() if 0.5 <= tick <= 1.5] == [1]
    bars = [container.lines[2][0].get_segments()[0] for container in left.containers]
    np.testing.assert_allclose([bar[:, 1] for bar in bars], [[10, 30], [50, 70]])
    assert bars[0][0, 0] < 1 < bars[1][0, 0]


def test_a_run_without_answers_is_drawn_empty(tmp_path, make_plan):
    name, plan = "$x_1$ and $", make_plan()
    plan = replace(plan, variants=(replace(plan.variants[0], label=name), plan.variants[1]), baseline=name)
    learning_curves([], plan, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 0


@pytest.mark.slow
def test_drawing_needs_no_pyplot():
    code = "import sys, dlbench.report.figures; print('matplotlib.pyplot' in sys.modules, 'torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


def test_the_title_of_one_confusion_matrix_fits_above_it(make_record, make_plan):
    counts = tuple(tuple(5 for _ in range(10)) for _ in range(10))
    record = replace(make_record("relu"), confusion=counts, class_names=tuple("0123456789"))
    figure = confusion.draw(figure_data([record], make_plan(["relu"], [0])))
    figure.draw_without_rendering()
    assert figure.get_suptitle().replace("\n", " ").endswith("mean counts in the cells")
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1


def test_a_single_epoch_has_one_tick(make_record, make_plan):
    record = replace(make_record("relu"), epochs=({"learning_rate": 0.1},))
    axes = rates.draw(figure_data([record], make_plan(["relu"], [0]))).axes[0]
    assert [*axes.get_xticks()] == [1]
    assert axes.get_xlim() == (0.5, 1.5)
