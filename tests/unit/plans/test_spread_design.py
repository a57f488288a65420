"""Which trials show where the spread comes from."""

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.history import same_question
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan import Request
from dlbench.plans.spread import Spread, SpreadDesign


def spread(registry, values=None, **asked):
    return build(Request(values=values or {}, spread=Spread(**asked)), registry)


def test_five_sources_need_66_trials():
    design = SpreadDesign(
        sources=("split", "initialization", "order", "augmentation", "dropout"), backgrounds=6, levels=3
    )
    assert len(list(design.cells())) == 66


def test_by_default_what_settings_say_is_drawn_from_is_varied(registry):
    assert spread(registry).spread.sources == ("split", "initialization", "order")
    values = {"model": ("mlp:dropout=0.5",), "augment": ("flip",), "validation": ("last:100",)}
    assert spread(registry, values).spread.sources == ("initialization", "order", "augmentation", "dropout")


def test_the_backgrounds_are_trials_of_an_ordinary_comparison(registry):
    plan = spread(registry, sources=["order"], backgrounds=4, levels=2)
    usual = build(Request(seeds=4), registry)
    assert {trial.trial_id for trial in usual.trials} <= {trial.trial_id for trial in plan.trials}
    assert len(plan.trials) == 8
    assert len({trial.trial_id for trial in plan.trials}) == 8
    assert plan.name.startswith("spread-mlp-digits-")


def test_each_trial_shares_its_source_alone_with_a_background(registry):
    plan = spread(registry, sources=["order"], backgrounds=4, levels=3)
    assert sorted((t.seed, t.stream_seeds["order"]) for t in plan.trials if t.stream_seeds) == [
        (0, 1), (0, 2), (1, 2), (1, 3), (2, 0), (2, 3), (3, 0), (3, 1),
    ]  # fmt: skip


def test_a_design_is_read_back_and_is_another_question_than_the_comparison(registry):
    plan = spread(registry, {"activation": ("relu", "tanh")}, sources=["split"], of="difference")
    record = parse_plan(plan.record.to_json())
    assert record.spread.to_json() == plan.spread.to_json()
    usual = build(Request(values={"activation": ("relu", "tanh")}, seeds=6), registry).record
    assert not same_question(record, usual)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"levels": 1}, "--levels must be at least 2"),
        ({"backgrounds": 2}, "--backgrounds must be at least 3"),
        ({"backgrounds": 101}, "at most 300, and not 303"),
        ({"backgrounds": 0}, "--backgrounds must be at least 3"),
        ({"levels": 18}, "--levels is at most 17"),
        ({"of": "difference"}, "takes two variants, not 1"),
        ({"of": "nothing"}, "--of takes variant or difference"),
        ({"sources": ["augmentation"]}, "nothing is augmented"),
        ({"sources": ["dropout"]}, "the network's dropout is 0"),
        ({"sources": ["weather"]}, "--streams takes no 'weather'"),
    ],
)
def test_a_design_that_shows_nothing_is_refused(registry, asked, sentence):
    with pytest.raises(DlbenchError, match=sentence):
        spread(registry, **asked)


def test_a_spread_is_of_what_is_fixed(registry):
    with pytest.raises(DlbenchError, match="neither tuning, held sources"):
        build(Request(spread=Spread(), hold=["split"]), registry)


@pytest.mark.parametrize("seeds", [8, [0, 1, 2]])
def test_its_seeds_are_its_backgrounds(registry, seeds):
    with pytest.raises(DlbenchError, match="as many seeds as there are backgrounds"):
        build(Request(spread=Spread(), seeds=seeds), registry)


def test_a_hint_about_backgrounds_is_one_that_works(registry):
    with pytest.raises(DlbenchError) as caught:
        spread(registry, levels=9)
    assert "--backgrounds 9" in caught.value.hint


def test_a_trial_is_called_by_the_source_that_it_varies(registry):
    plan = spread(registry, {"activation": ("relu", "tanh")}, sources=["split"], backgrounds=3, levels=2)
    names = {plan.labels[trial.variant_id] for trial in plan.trials}
    assert names == {"relu", "tanh", "relu split=0", "relu split=1", "relu split=2", "tanh split=0", "tanh split=1",
                     "tanh split=2"}  # fmt: skip
    assert [plan.record.label_of(trial) for trial in plan.trials] == [plan.labels[t.variant_id] for t in plan.trials]
    assert plan.record.trial_count + plan.record.varied_count == len(plan.trials) == 12


def test_trials_of_another_design_have_no_name_in_it(registry):
    plan, other = spread(registry, sources=["split"], levels=2), spread(registry, sources=["order"], levels=2)
    assert {plan.record.label_of(trial) for trial in other.trials} == {"mlp", ""}
