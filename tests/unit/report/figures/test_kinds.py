import io
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from scipy import stats

from dlbench.engine.evaluation import oscillation
from dlbench.plans.criteria import Criteria
from dlbench.plugins.registry import Registry
from dlbench.report.figures import FORMATS, all_kinds, figure_data, picture
from dlbench.report.figures.canvas import canvas, log_scale_where_wide, render, with_note
from dlbench.report.figures.confusion import mean_counts, row_shares
from dlbench.report.palette import styles
from dlbench.trials.diagnostics import Reading

KINDS = all_kinds(Registry.load(strict=False))
NAMES = ["relu", "tanh", "gelu"]
ACROSS = ("critical-difference", "interquartile-mean", "performance-profile")
#: Of comparisons after a search, which tests/unit/report/test_search.py draws.
OF_A_SEARCH = ("tuning", "budget")
#: Those of a spread are drawn where its table is tested.
OF_A_SPREAD = ("spread",)
HOSTILE = '<b>$x_1$</b> & "$\\frac{1}{2}$"'


def records_of(make_record, names=NAMES, seeds=7):
    generator = np.random.default_rng(1)
    gains = dict(zip(names, np.linspace(0, 0.08, len(names)), strict=True))
    measured = ("gradient_norm", "activation_mean", "activation_deviation", "dead_units")
    readings = tuple(
        Reading(epoch, layer, value, 0.1 * epoch * place)
        for epoch in (1, 3)
        for place, layer in enumerate(("1", "3", "5"), start=1)
        for value in measured
    )
    return [
        make_record(
            name,
            seed,
            accuracy=0.85 + gains[name] + 0.002 * generator.normal(),
            steps=tuple(2 / np.arange(1, 101) + 0.1 * generator.random(100)),
            diagnostics=readings,
        )
        for name in names
        for seed in range(seeds)
    ]


@pytest.fixture
def drawn(make_record, make_plan):
    return figure_data(records_of(make_record), make_plan(NAMES, range(7)))


def test_panels_of_layers_share_their_scale_and_an_epoch_looks_alike_in_each(drawn):
    figure = KINDS["gradients"].draw(drawn)
    panels = figure.axes[:3]
    assert len({axes.get_ylim() for axes in panels}) == 1
    assert [axes.get_title(loc="left") for axes in panels] == ["relu (n = 7)", "tanh (n = 7)", "gelu (n = 7)"]
    lines = [
        [(line.get_color(), line.get_ydata()[-1]) for line in axes.lines if len(line.get_xdata()) == 3]
        for axes in panels
    ]
    assert lines[0] == lines[1] == lines[2]
    assert [value for _, value in lines[0]] == pytest.approx([0.3, 0.9])
    assert [tick.get_text() for tick in panels[0].get_xticklabels()] == ["1", "3", "5"]


def test_where_one_epoch_is_measured_it_is_the_only_tick(make_record, make_plan):
    records = [
        replace(record, diagnostics=tuple(each for each in record.diagnostics if each.epoch == 3))
        for record in records_of(make_record)
    ]
    axes = KINDS["dead-units"].draw(figure_data(records, make_plan(NAMES, range(7)))).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["3"]


@pytest.fixture
def two_axes(make_record, make_plan):
    """relu and tanh at two learning rates, which the hand-made trials stand for by four activations."""
    names = ["relu", "gelu", "tanh", "elu"]
    plan = make_plan(names, range(3))
    values = [(a, b) for a in ("relu", "tanh") for b in ("0.1", "0.01")]
    variants = tuple(
        replace(variant, label=f"{activation}, {rate}", values={"activation": activation, "learning_rate": rate})
        for variant, (activation, rate) in zip(plan.variants, values, strict=True)
    )
    axes = {"activation": ("relu", "tanh"), "learning_rate": ("0.1", "0.01")}
    plan = replace(plan, axes=axes, variants=variants, baseline="relu, 0.1")
    return figure_data(records_of(make_record, names, 3), plan)


def texts_of(figure):
    from matplotlib.text import Text

    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        *((kind, "png") for kind in KINDS if kind not in ("heatmap", *ACROSS, *OF_A_SEARCH, *OF_A_SPREAD)),
        ("confusion", "pdf"),
        ("confusion", "svg"),
        ("final", "pdf"),
    ],
)
def test_every_kind_is_drawn_in_the_format_asked_for(drawn, kind, ending):
    assert KINDS[kind].unavailable_reason(drawn) == ""
    data = picture(KINDS[kind], drawn, ending)
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    if ending == "png":
        assert len(Image.open(io.BytesIO(data)).convert("RGB").getcolors(2**24)) > 20


@pytest.mark.slow
def test_equal_figures_are_equal_files(drawn):
    for ending in FORMATS:
        assert picture(KINDS["final"], drawn, ending) == picture(KINDS["final"], drawn, ending)


@pytest.mark.parametrize("kind", ["curves", "final", "differences", "time"])
def test_a_variant_has_its_own_colour_in_every_figure(drawn, kind):
    figure = KINDS[kind].draw(drawn)
    lines = {to_hex(line.get_color()).upper() for axes in figure.axes for line in axes.lines}
    points = {to_hex(color).upper() for axes in figure.axes for c in axes.collections for color in c.get_facecolor()}
    looks = list(styles(drawn.plan).values())
    for look in looks[1:] if kind == "differences" else looks:
        assert look.color.upper() in lines | points


@pytest.mark.parametrize("kind", ["curves", "time"])
def test_legends_name_n_and_how_many_diverged(make_record, make_plan, kind):
    records = records_of(make_record)
    records[0] = replace(records[0], status="diverged")
    figure = KINDS[kind].draw(figure_data(records, make_plan(NAMES, range(7))))
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels == ["relu (n = 7, 1 diverged)", "tanh (n = 7)", "gelu (n = 7)"]


def test_the_final_metric_shows_every_seed_and_the_t_interval(drawn):
    axes = KINDS["final"].draw(drawn).axes[0]
    assert axes.get_title(loc="left") == "test accuracy (%)"
    values = np.array([100 * record.metrics["test_accuracy"] for record in drawn.variants[1].records])
    np.testing.assert_allclose(np.asarray(axes.collections[1].get_offsets())[:, 0], values)
    expected = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    drawn_intervals = [np.asarray(line.get_xdata()) for line in axes.lines]
    assert any(len(ends) == 2 and np.allclose(ends, expected) for ends in drawn_intervals)


def test_the_forest_plot_shows_intervals_verdicts_and_the_margin(drawn):
    figure = KINDS["differences"].draw(drawn)
    (axes,) = figure.axes
    comparison = drawn.judged.families[0].comparisons[0]
    ends = [100 * comparison.difference_low, 100 * comparison.difference_high]
    assert any(np.allclose(line.get_xdata(), ends) for line in axes.lines if len(line.get_xdata()) == 2)
    assert sum(text.startswith("better, adjusted p = ") for text in texts_of(figure)) == 1
    assert [text.get_text() for text in axes.texts] == ["better, adjusted p = 0.016"] * 2
    (band,) = axes.patches
    np.testing.assert_allclose([band.get_x(), band.get_x() + band.get_width()], [-0.2, 0.2])
    assert axes.get_xlim()[0] < -0.2


@pytest.mark.parametrize(
    ("test", "shown"), [("paired", "mean of the paired differences, "), ("independent", "difference of the means, ")]
)
def test_the_forest_plot_says_what_its_points_are(make_record, make_plan, test, shown):
    plan = replace(make_plan(NAMES, range(7)), judging=Criteria(baseline="relu", test=test))
    figure = KINDS["differences"].draw(figure_data(records_of(make_record), plan))
    (legend,) = figure.legends
    assert legend.get_texts()[0].get_text().startswith(shown)


def test_with_two_axes_each_family_has_its_heading(two_axes):
    figure = KINDS["differences"].draw(two_axes)
    labels = [text.get_text().replace("\n", " ") for text in figure.axes[0].get_yticklabels()]
    assert "activation, averaged over learning rate 0.1 and 0.01, against relu" in labels
    assert "learning rate at activation tanh, against 0.1" in labels
    assert "interaction of activation × learning rate" in labels
    assert {text.get_text() for text in figure.axes[0].texts} == {"n too small"}


def test_the_heat_map_has_the_mean_of_each_cell(two_axes):
    axes = KINDS["heatmap"].draw(two_axes).axes[0]
    (image,) = axes.images
    means = [100 * np.mean(list(variant.finite(two_axes.query).values())) for variant in two_axes.variants]
    np.testing.assert_allclose(image.get_array(), np.reshape(means, (2, 2)))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["relu", "tanh"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.1", "0.01"]


def test_a_third_axis_gets_a_panel_for_each_value(two_axes):
    plan = replace(two_axes.plan, axes={**two_axes.plan.axes, "batch_size": ("32", "64")})
    variants = tuple(replace(v, values={**v.values, "batch_size": "32"}) for v in two_axes.variants)
    figure = KINDS["heatmap"].draw(replace(two_axes, plan=plan, variants=variants))
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") for axes in panels] == ["32", "64"]
    assert {text.get_text() for text in panels[1].texts} == {"–"}


def test_confusion_is_the_mean_over_seeds_and_each_row_a_share(make_record):
    records = [
        make_record(confusion=((8, 2), (0, 0))),
        make_record(confusion=((6, 4), (0, 0))),
        make_record(confusion=()),
    ]
    counts = mean_counts(records)
    np.testing.assert_array_equal(counts, [[7, 3], [0, 0]])
    np.testing.assert_array_equal(row_shares(counts), [[0.7, 0.3], [math.nan, math.nan]])
    assert mean_counts(records[2:]).size == 0


def test_counts_are_named_only_in_small_matrices(make_record, make_plan):
    small = figure_data([make_record()], make_plan())
    assert {"5", "1", "6", "7"} <= texts_of(KINDS["confusion"].draw(small))
    large = figure_data([make_record(confusion=tuple(map(tuple, 7 * np.eye(40, dtype=int))))], make_plan())
    assert "7" not in {text.get_text() for text in KINDS["confusion"].draw(large).axes[0].texts}


def test_variants_of_one_schedule_share_a_line(drawn):
    figure = KINDS["learning-rate"].draw(drawn)
    assert len(figure.axes[0].lines) == 1
    assert "all variants (n = 21)" in texts_of(figure)


def test_step_losses_show_each_step_and_the_average_that_oscillation_is_measured_against(drawn):
    panels = KINDS["steps"].draw(drawn).axes
    assert [axes.get_title(loc="left") for axes in panels] == [f"{name} (seed 0)" for name in NAMES]
    assert len({axes.get_ylim() for axes in panels}) == 1
    losses = np.array(drawn.variants[1].records[0].steps)
    each, average = panels[1].lines
    np.testing.assert_array_equal(each.get_ydata(), losses)
    np.testing.assert_allclose(average.get_ydata()[0], losses[:25].mean())
    assert average.get_xdata()[0] == 13  # the middle of steps 1 to 25
    deviation = (losses[12:-12] - average.get_ydata()).std()
    assert deviation == pytest.approx(oscillation(list(losses)))


def test_step_losses_show_a_seed_that_all_variants_have(make_record, make_plan):
    records = [make_record(name, seed, steps=(1.0, 0.5)) for name in NAMES for seed in range(3)]
    records[0] = replace(records[0], steps=())
    panels = KINDS["steps"].draw(figure_data(records, make_plan(NAMES, range(3)))).axes
    assert {axes.get_title(loc="left") for axes in panels} == {f"{name} (seed 1)" for name in NAMES}


# Several data sets


def by_name(name, dataset, seed):
    """relu before tanh before elu on every data set."""
    return 0.9 - 0.02 * ("relu", "tanh", "elu").index(name) - 0.001 * seed


@pytest.fixture
def six_datasets(make_study):
    return figure_data(*make_study("abcdef", by_name))


@pytest.mark.parametrize("kind", ACROSS)
def test_figures_over_several_data_sets_are_drawn(six_datasets, kind):
    assert KINDS[kind].unavailable_reason(six_datasets) == ""
    assert len(Image.open(io.BytesIO(picture(KINDS[kind], six_datasets, "png"))).convert("RGB").getcolors(2**24)) > 20


@pytest.mark.parametrize("kind", ACROSS)
def test_one_data_set_has_no_figure_over_several(drawn, kind):
    assert "several data sets" in KINDS[kind].unavailable_reason(drawn)


@pytest.mark.parametrize("kind", ACROSS)
def test_a_metric_without_a_better_side_is_not_ranked(make_study, kind):
    data = figure_data(*make_study("ab", by_name), asked={"metric": "best_epoch"})
    assert "no side of" in KINDS[kind].unavailable_reason(data)


def test_the_diagram_names_mean_ranks_and_joins_what_is_not_apart(six_datasets):
    figure = KINDS["critical-difference"].draw(six_datasets)
    texts = texts_of(figure)
    assert {"relu  1.00", "tanh  2.00", "3.00  elu", "critical difference 1.35"} <= texts
    bars = [line.get_xdata() for line in figure.axes[0].lines if line.get_linewidth() == 4]
    assert [(round(low), round(high)) for low, high in bars] == [(1, 2), (2, 3)]


def test_the_diagram_of_too_few_data_sets_joins_all_and_says_so(make_study):
    figure = KINDS["critical-difference"].draw(figure_data(*make_study("ab", by_name)))
    assert "so few data sets cannot show any ranking" in figure.axes[0].get_title(loc="left")
    (bar,) = [line.get_xdata() for line in figure.axes[0].lines if line.get_linewidth() == 4]
    assert (round(bar[0]), round(bar[1])) == (1, 3)


def test_two_variants_have_no_diagram(make_study):
    data = figure_data(*make_study("ab", by_name, names=("relu", "tanh")))
    assert "sign test" in KINDS["critical-difference"].unavailable_reason(data)


def test_interquartile_means_are_drawn_with_their_intervals(six_datasets):
    axes = KINDS["interquartile-mean"].draw(six_datasets).axes[0]
    drawn_means = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert drawn_means == pytest.approx([100 * row.score for row in six_datasets.judged.across.rows])
    ends = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    first = six_datasets.judged.across.rows[0]
    assert ends[0] == pytest.approx([100 * first.score_low, 100 * first.score_high])


def test_profiles_rise_to_the_share_of_runs_that_get_there(six_datasets):
    axes = KINDS["performance-profile"].draw(six_datasets).axes[0]
    curves = [line.get_ydata() for line in axes.lines if len(line.get_xdata()) > 2]
    assert [curve[-1] for curve in curves] == [100, 100, 100]
    assert [curve[0] for curve in curves] == [50, 0, 0]
    assert all((np.diff(curve) >= 0).all() for curve in curves)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("curves", "no trial has epochs"),
        ("final", "no trial has a test accuracy"),
        ("differences", "no variant has a finite value"),
        ("time", "no trial has both"),
        ("heatmap", "two axes"),
        ("learning-rate", "no trial has epochs"),
        ("confusion", "no trial has a confusion matrix"),
        ("steps", "no trial kept its steps' losses"),
        ("gradients", "--diagnostics gradient-norm"),
        ("activations", "--diagnostics activations"),
        ("dead-units", "--diagnostics dead-units"),
    ],
)
def test_a_run_without_answers_says_why_nothing_is_drawn(make_record, make_plan, kind, reason):
    failed = make_record(status="failed", metrics={}, epochs=0, confusion=())
    assert reason in KINDS[kind].unavailable_reason(figure_data([failed], make_plan()))


def test_one_variant_or_one_seed_is_drawn_without_a_claim(make_record, make_plan):
    alone = figure_data([make_record(seed=seed) for seed in range(3)], make_plan(["relu"]))
    assert "nothing to compare" in KINDS["differences"].unavailable_reason(alone)
    single = figure_data([make_record(name) for name in NAMES], make_plan(NAMES, [0]))
    for kind in ("curves", "final", "differences", "time"):
        assert picture(KINDS[kind], single, "png")
    assert {text.get_text() for text in KINDS["differences"].draw(single).axes[0].texts} == {"n too small"}


@pytest.mark.parametrize(
    ("values", "scale"),
    [([0.001, math.nan, 1.0], "log"), ([0.1, 1.0], "linear"), ([-0.01, 0.0, 0.002, 0.09], "linear"), ([], "linear")],
)
def test_no_scale_hides_a_value(values, scale):
    axes = canvas(2).subplots()
    log_scale_where_wide(axes, "x", values)
    assert axes.get_xscale() == scale


def test_infinite_values_and_times_are_left_out(make_record, make_plan):
    records = records_of(make_record)
    for index in range(7):
        records[index] = replace(
            records[index], status="diverged", metrics={"test_accuracy": 0.1, "test_loss": math.inf, "best_epoch": 1}
        )
    plan = make_plan(NAMES, range(7))
    seconds = KINDS["time"].draw(figure_data(records, plan)).axes[0]
    assert len(seconds.collections) == 4  # the seeds and the mean of the two others
    loss = figure_data(records, plan, {"metric": "test_loss"})
    assert picture(KINDS["final"], loss, "png")
    assert "finite" in KINDS["differences"].unavailable_reason(loss)


@pytest.mark.parametrize(("lost", "lines"), [("relu", 4), ("tanh", 5)])
def test_no_mean_is_drawn_of_the_seeds_that_did_not_diverge(make_record, make_plan, lost, lines):
    records, plan = records_of(make_record), make_plan(NAMES, range(7))
    whole = KINDS["final"].draw(figure_data(records, plan, {"metric": "test_loss"}))
    assert len(whole.axes[0].lines) == 7  # three means with their intervals, and the baseline's
    for place in (7 * NAMES.index(lost), 7 * NAMES.index(lost) + 1):
        records[place] = replace(records[place], status="diverged", metrics={"test_loss": math.nan})
    data = figure_data(records, plan, {"metric": "test_loss"})
    figure = KINDS["final"].draw(data)
    assert len(figure.axes[0].lines) == lines
    assert ("mean of relu" in texts_of(figure)) == (lost != "relu")
    assert len(KINDS["time"].draw(data).axes[0].collections) == 5  # seeds of three, means of two


def test_a_cell_of_the_heat_map_with_an_infinite_value_has_no_finite_mean(two_axes):
    def diverged(numbers):
        lost = {"status": "diverged", "metrics": {"test_loss": math.inf}}
        records = [
            replace(record, **(lost if (place == 3 and record.trial.seed in numbers) else {}))
            for place, variant in enumerate(two_axes.variants)
            for record in variant.records
        ]
        return figure_data(records, two_axes.plan, {"metric": "test_loss"})

    axes = KINDS["heatmap"].draw(diverged([1])).axes[0]
    assert np.isnan(axes.images[0].get_array().filled(np.nan)).tolist() == [[False, False], [False, True]]
    assert axes.texts[3].get_text() == "inf\n1 diverged"
    everywhere = [replace(variant, records=variant.records[:1]) for variant in diverged([0]).variants[3:]]
    only = replace(diverged([0]), variants=tuple(everywhere))
    assert "finite mean" in KINDS["heatmap"].unavailable_reason(only)


@pytest.mark.parametrize("kind", ACROSS)
def test_labels_over_several_data_sets_are_no_mathematics(six_datasets, kind):
    across = six_datasets.judged.across
    values = {f"{HOSTILE} {name}": row for name, row in across.values.items()}
    odd = replace(across, values=values, baseline=next(iter(values)))
    data = replace(six_datasets, judged=replace(six_datasets.judged, across=odd))
    ElementTree.fromstring(render(lambda: KINDS[kind].draw(data), "svg"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*ACROSS, *OF_A_SEARCH, *OF_A_SPREAD)])
def test_labels_are_no_mathematics(two_axes, kind):
    variants = tuple(
        replace(v, label=f"{HOSTILE} {place}", values={"activation": HOSTILE, "learning_rate": str(place)})
        for place, v in enumerate(two_axes.variants)
    )
    plan = replace(two_axes.plan, axes={"activation": (HOSTILE,), "learning_rate": tuple("0123")})

    def draw():
        figure = KINDS[kind].draw(replace(two_axes, variants=variants, plan=plan))
        assert not any(text.get_parse_math() for text in figure.findobj(matplotlib.text.Text))
        return figure

    ElementTree.fromstring(render(draw, "svg"))


def test_a_personal_configuration_of_matplotlib_changes_nothing(drawn):
    usual = picture(KINDS["final"], drawn, "svg")
    with matplotlib.rc_context({"text.parse_math": True, "font.size": 30, "text.usetex": True, "svg.fonttype": "none"}):
        assert picture(KINDS["final"], drawn, "svg") == usual


def test_a_label_in_a_script_without_glyphs_is_drawn_quietly(drawn):
    variants = tuple(replace(variant, label="\U00013000 中") for variant in drawn.variants)
    assert picture(KINDS["final"], replace(drawn, variants=variants), "png")


def test_n_stays_whole_however_long_a_label_is():
    text = with_note("word " * 100, "n = 7, 2 diverged")
    assert text.endswith("(n = 7, 2 diverged)")
    assert len(text.splitlines()) == 3
    assert max(map(len, text.splitlines())) <= 34


@pytest.mark.slow
def test_sixty_variants_make_a_figure(make_record, make_plan):
    names = [f"act{number}" for number in range(60)]
    drawn = figure_data([make_record(name) for name in names], make_plan(names, [0]))
    with Image.open(io.BytesIO(picture(KINDS["curves"], drawn, "png"))) as image:
        assert image.height > 700
