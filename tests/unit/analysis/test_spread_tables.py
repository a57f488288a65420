"""Where the spread comes from: tables, sentences and advice, on records of a made-up engine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dlbench.analysis.spread import spread_tables
from dlbench.analysis.spread_wording import advice, is_chaotic, sentences
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plans.spread import Spread
from dlbench.report.figures import KINDS, figure_data
from dlbench.report.html.spread import spread_table
from dlbench.report.terminal.console import plain_console
from dlbench.report.terminal.spread import print_spread
from dlbench.runs.folder import RunFolder
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.trial_record import TrialRecord

SOURCES = ("split", "initialization", "order")


class Engine:
    """Trials whose accuracy is 0.9 and normal effects of the sources named together."""

    def __init__(self, registry, parts, values=None, metric="test_accuracy", images=0, **asked):
        asked = {"sources": SOURCES, "backgrounds": 10, **asked}
        self.plan = build(Request(values=values or {}, spread=Spread(**asked)), registry)
        self.rng, self.drawn, self.parts, self.metric = np.random.default_rng(1), {}, parts, metric
        self.hard = self.rng.uniform(0, 1, images)
        self.records = [self._record(trial) for trial in self.plan.trials]

    def _effect(self, key):
        return self.drawn.setdefault(key, self.rng.standard_normal())

    def _record(self, trial):
        seeds = {source: trial.stream_seeds.get(source, trial.seed) for source in SOURCES}
        level = 0.9 + sum(
            size * self._effect((trial.activation.short, *((name, seeds[name]) for name in names)))
            for names, size in self.parts.items()
        )
        outcomes = None
        if len(self.hard):
            bits = self.hard + 0.05 * self.rng.standard_normal(len(self.hard)) < level
            outcomes, level = ImageOutcomes.of(bits, np.arange(len(bits)), "d"), float(bits.mean())
        record = TrialRecord(trial=trial, status="done", metrics={self.metric: level})
        return replace(record, outcomes=outcomes)

    def table(self):
        (found,) = spread_tables(self.records, self.plan.record, self.plan.record.criteria)
        return found


def test_a_source_that_acts_alone_is_found_and_advised_to_be_held(registry):
    table = Engine(registry, {("split",): 0.02, ("order",): 0.004}).table()
    split, initialization, order = table.sources
    assert split.removed.value > 0.8 > order.kept.value
    assert initialization.is_idle
    assert "nothing that changes the result is drawn from the initialization" in sentences(table)
    assert advice(table) == "the split stands out: --hold split compares without it, on that one alone"
    assert table.std == pytest.approx(0.0204, rel=0.6)


def test_a_chaotic_training_is_described_as_such(registry):
    table = Engine(registry, {SOURCES: 0.02}).table()
    assert all(each.kept.high > 0.98 for each in table.sources)
    assert is_chaotic(table)
    assert any("training is chaotic" in sentence for sentence in sentences(table))
    assert "more seeds help" in advice(table)


def test_wide_intervals_are_called_neither_chaotic_nor_useless_to_fix(registry):
    """Three backgrounds show next to nothing, which is no sign of anything."""
    table = Engine(registry, {SOURCES: 0.02}, backgrounds=3, levels=2).table()
    assert not is_chaotic(table)
    assert advice(table).startswith(
        "whether fixing the split, the initialization or the order helps is not shown: --backgrounds 6 tells more; "
    )


def test_an_unfinished_run_shows_a_table_only_where_every_interval_is_known(registry):
    engine = Engine(registry, {SOURCES: 0.02}, backgrounds=6)
    planned = list(engine.records)
    shown = []
    for count in (2, 6, 10, 20, 30, len(planned)):
        engine.records = planned[:count]
        table = engine.table()
        console = plain_console(width=100)
        with console.capture() as captured:
            print_spread(console, table)
        said = captured.get()
        assert "nan" not in said
        assert "keeps  of" not in said
        assert "removes ." not in said
        shown.append(table.is_known)
    assert shown == sorted(shown)
    assert not shown[2]
    assert shown[-1]


@pytest.mark.slow
def test_many_backgrounds_show_that_no_source_stands_out(registry):
    table = Engine(registry, {SOURCES: 0.02}, backgrounds=24).table()
    assert advice(table).startswith("none of split, initialization and order stands out, so fixing one hardly helps")


@pytest.mark.parametrize(
    ("streams", "advised"),
    [
        (["order"], "the order does not stand out, so fixing it hardly helps"),
        (["split", "order"], "neither the split nor the order stands out, so fixing one hardly helps"),
        (["initialization"], "what the result varies with was not varied: without --streams"),
    ],
)
def test_advice_speaks_of_the_sources_that_were_varied_alone(registry, streams, advised):
    """The others were not varied, so nothing is known of them."""
    drawn = {("split", "order"): 0.02}
    table = Engine(registry, drawn, backgrounds=24, sources=streams).table()
    assert advice(table).startswith(advised)


def test_the_wording_is_that_of_the_recipe(registry):
    first = sentences(Engine(registry, {SOURCES: 0.02}).table())[0]
    assert first.startswith("varying only the split keeps ")
    assert "of the variance; fixing it removes " in first


def test_few_test_images_outweigh_the_seeds(registry):
    engine = Engine(registry, {SOURCES: 0.002}, images=200)
    table = engine.table()
    assert table.image_count == 200
    right = np.mean([record.outcomes.bits() for record in engine.records], axis=0)
    assert table.images.lasting == pytest.approx(right.var() / 200, rel=0.1)
    assert advice(table).endswith("more test images help, more seeds hardly")


def test_a_difference_is_judged_at_equal_seeds(registry):
    values = {"activation": ("relu", "tanh")}
    engine = Engine(registry, {SOURCES: 0.02}, values, of="difference", backgrounds=6)
    table = engine.table()
    assert table.subject == "tanh − relu"
    assert table.count == 42
    assert table.std == pytest.approx(0.02 * 2**0.5, rel=0.5)
    assert table.pairing.low <= 0 <= table.pairing.high
    assert any(text.startswith("equal seeds save ") for text in sentences(table))


def test_trials_that_failed_are_counted_and_left_out(registry):
    engine = Engine(registry, {SOURCES: 0.02})
    engine.records[-1] = replace(engine.records[-1], status="failed", metrics={})
    assert engine.table().lost == 1


def test_too_few_values_and_no_spread_are_said(registry):
    engine = Engine(registry, {SOURCES: 0.02})
    engine.records = engine.records[:2]
    assert "too few" in sentences(engine.table())[0]
    assert advice(engine.table()) == ""
    assert "does not vary" in sentences(Engine(registry, {}).table())[0]


def test_on_digits_the_split_is_more_of_validation_accuracy_than_of_test_accuracy():
    """Another split validates on other images, and tests on the same."""
    run = RunFolder(Path(__file__).parents[3] / "results" / "spread-digits")
    shares = {
        metric: spread_tables(run.records, run.plan, replace(run.plan.criteria, metric=metric))[0]
        for metric in ("validation_accuracy", "test_accuracy")
    }
    for relation in ("kept", "removed"):
        validation, test = (table.share(relation, "split") for table in shares.values())
        assert validation.value > test.value
    assert shares["validation_accuracy"].images is None
    assert shares["test_accuracy"].image_count == 360


def test_another_plan_has_no_table(registry):
    plan = build(Request(seeds=3), registry).record
    assert spread_tables((), plan, plan.criteria) == ()


def test_screen_page_and_figure_show_every_source(registry):
    engine = Engine(registry, {("split",): 0.01, SOURCES: 0.02}, images=300)
    table = engine.table()
    console = plain_console(width=100)
    with console.capture() as captured:
        print_spread(console, table)
    screen = captured.get()
    page = spread_table(table)
    for source in SOURCES:
        assert source in screen
        assert source in [row.name for row in page.rows]
    assert "they do not add up to 100 %" in screen
    data = figure_data(engine.records, engine.plan.record)
    data = replace(data, judged=replace(data.judged, spread=(table,)))
    assert KINDS["spread"].unavailable_reason(data) == ""
    (axes,) = KINDS["spread"].draw(data).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(SOURCES)
