"""The specifications of charts and their rows: what they draw is in the records, and no text of a user is code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.report.charts import all_charts, chart_rows, charts_document
from dlbench.report.figures import all_kinds, figure_data
from dlbench.report.palette import COLORS, on_dark
from dlbench.runs.folder import RunFolder

RESULTS = Path(__file__).parents[4] / "results"
LABELS = ("relu", "datum['x']); alert(1); (")


@pytest.fixture
def data(make_plan, make_record):
    def make(**changes):
        plan = make_plan(("relu", "tanh"), range(6))
        variants = tuple(replace(v, label=name) for v, name in zip(plan.variants, LABELS, strict=True))
        plan = replace(plan, variants=variants, baseline=LABELS[0])
        records = [
            make_record(name, seed, accuracy=0.8 + place / 10 + seed / 1000, **changes)
            for place, name in enumerate(("relu", "tanh"))
            for seed in range(6)
        ]
        return figure_data(records, plan)

    return make


def test_rows_are_the_values_of_the_records_in_the_unit_that_is_shown(data):
    rows = charts_document(data())["rows"]
    assert rows["trials"]["seed"] == [*range(6)] * 2
    assert rows["trials"]["value"] == pytest.approx([79 + s / 10 for s in range(6)] + [89 + s / 10 for s in range(6)])
    assert rows["effects"]["difference"] == pytest.approx([10])
    assert rows["estimates"]["value"] == pytest.approx([79.25, 89.25])
    first = {name: column[0] for name, column in rows["epochs"].items()}
    assert first == pytest.approx(
        {"v": 0, "seed": 0, "epoch": 1, "value": 26.6667, "validation_loss": 1.1, "train_loss": 1}
    )


def test_a_variant_has_one_color_in_all_charts_and_another_on_dark_ground(data):
    document = charts_document(data())
    assert [variant["color"] for variant in document["variants"]] == list(COLORS[:2])
    assert len({on_dark(color) for color in COLORS} - set(COLORS)) == len(COLORS)

    def ranges(part):
        if isinstance(part, dict):
            encodings = [each for each in part.values() if isinstance(each, dict) and each.get("field") == "v"]
            return [e["scale"] for e in encodings] + [found for each in part.values() for found in ranges(each)]
        return [found for each in part for found in ranges(each)] if isinstance(part, list) else []

    scales = ranges(document["charts"])
    colored = [scale for scale in scales if str(scale["range"][-1]).startswith("#")]
    assert len(colored) >= 8
    assert all(dict(zip(s["domain"], s["range"], strict=True))[1] == COLORS[1] for s in colored)


def test_texts_of_users_are_data_and_never_a_part_of_a_specification(data):
    charts = all_charts(data())
    assert {chart.name for chart in charts} == {"differences", "final", "curves", "loss", "time"}
    assert "alert" not in json.dumps([chart.specification for chart in charts])
    assert "alert" in json.dumps(charts_document(data())["variants"])


def test_every_chart_hides_what_the_legend_hides(data):
    for chart in all_charts(data()):
        assert chart.specification["params"] == [{"name": "hidden", "value": []}]
        assert {"filter": "indexof(hidden, datum.v) < 0"} in chart.specification["transform"]


def test_many_epochs_are_thinned_to_the_first_the_last_and_some_between_and_the_page_says_so(data, monkeypatch):
    monkeypatch.setattr(chart_rows, "MOST_POINTS", 12 * 4)
    many = data(epochs=10)
    epochs = charts_document(many)["rows"]["epochs"]["epoch"]
    assert epochs[: len(epochs) // 12] == [1, 4, 7, 10]
    (curves,) = (chart for chart in all_charts(many) if chart.name == "curves")
    assert "Of 3 epochs one is shown, and the last" in curves.caption


def test_values_that_are_no_numbers_are_left_out(data, make_record):
    made = data(metrics={"test_accuracy": float("nan"), "validation_accuracy": 0.5})
    document = charts_document(made)
    json.dumps(document, allow_nan=False)
    assert "final" not in document["charts"]


def test_the_same_records_give_the_same_document(data):
    assert json.dumps(charts_document(data())) == json.dumps(charts_document(data()))


@pytest.fixture
def spread_data():
    folder = RunFolder(RESULTS / "spread-digits")
    return figure_data(folder.planned, folder.plan, None, folder.judge(None))


@pytest.mark.slow
def test_a_spread_has_the_share_that_each_source_keeps_and_that_which_fixing_it_removes(spread_data):
    (table,) = spread_data.judged.spread
    rows = charts_document(spread_data)["rows"]["spread"]
    assert rows["row"][::2] == rows["row"][1::2] == [each.source for each in table.sources]
    assert rows["value"][::2] == pytest.approx([100 * each.kept.value for each in table.sources], rel=1e-4)
    assert rows["high"][1::2] == pytest.approx([100 * each.removed.high for each in table.sources], rel=1e-4)


@pytest.mark.slow
def test_the_legend_of_variants_hides_no_part_of_a_spread(spread_data):
    assert {*charts_document(spread_data)["rows"]["spread"]["v"]} == {-1}


def test_pictures_of_differences_have_the_variants_own_n_as_tables_do(make_plan, make_record):
    records = [make_record(name, seed, 0.8 + seed / 100) for name, n in (("relu", 5), ("tanh", 7)) for seed in range(n)]
    plan = make_plan(("relu", "tanh"), range(7))
    data = figure_data(records, replace(plan, judging=replace(plan.criteria, test="independent")))
    assert charts_document(data)["rows"]["effects"]["n"] == [7]
    figure = all_kinds(Registry.load(strict=False))["differences"].draw(data)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["tanh (n = 7)"]


@pytest.mark.parametrize(("seeds", "intervals", "means"), [(1, 0, 0), (2, 0, 1), (3, 1, 1)])
def test_too_few_seeds_have_no_layers_without_rows(make_plan, make_record, seeds, intervals, means):
    records = [make_record(name, seed, 0.8 + seed / 100) for name in ("relu", "tanh") for seed in range(seeds)]
    charts = charts_document(figure_data(records, make_plan(("relu", "tanh"), range(seeds))))["charts"]

    def layers(chart, field):
        return [each for each in charts[chart]["layer"] if each["encoding"]["x"].get("field") == field]

    assert len(layers("differences", "low")) == len(layers("final", "low")) == intervals
    assert len(layers("differences", "difference")) == 1
    assert len([each for each in layers("final", "value") if each.get("data") == {"name": "estimates"}]) == means


@pytest.mark.slow
def test_charts_compile_without_a_warning(data, spread_data, capfd):
    vl_convert = pytest.importorskip("vl_convert", reason="vl-convert is not installed")
    charts = [*all_charts(data()), *all_charts(spread_data)]
    assert "spread" in {chart.name for chart in charts}
    for chart in charts:
        signals = vl_convert.vegalite_to_vega(chart.specification)["signals"]
        assert "hidden" in {signal["name"] for signal in signals}
        assert any(signal["name"] == "zoom" for signal in signals) == chart.zooms
    assert "WARN" not in "".join(capfd.readouterr())
