"""A point of a search as a trial: the one that its values give where a user writes them."""

import pytest

from dlbench.components.syntax import format_value, parse_reference
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plans.search_space import search_space, with_point, with_texts
from dlbench.plans.tuning import Tune

PLACES = [(0.0, 0.0, 0.0), (0.31, 0.62, 0.93), (0.999, 0.5, 0.25)]


@pytest.fixture
def trial_of(registry):
    def trial(**values):
        (variant,) = build(Request(values={"optimizer": ("sgd:momentum=0.9",), **values}), registry).variants
        return variant.trial

    return trial


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "texts",
    [
        ("learning-rate=log:1e-4..1e-1", "optimizer.weight_decay=log:1e-6..1e-2", "model.dropout={0,0.3,0.5}"),
        ("batch-size=int:16..128", "optimizer.momentum=lin:0..0.95", "normalization=choice:unit/none"),
        ("model.hidden=choice:16/128-64", "optimizer.nesterov={true,false}", "patience=int:1..9"),
    ],
)
def test_a_point_is_the_trial_that_its_values_written_out_are(texts, place, trial_of, registry):
    start = trial_of()
    space = search_space(texts, start, registry)
    point = with_point(start, space, place, registry)
    values = {each.name: format_value(each.range.value(at)) for each, at in zip(space, place, strict=True)}
    settings = {name: (text,) for name, text in values.items() if "." not in name}
    written = with_texts(trial_of(**settings), {name: text for name, text in values.items() if "." in name}, registry)
    assert point == written
    assert (point.trial_id, point.row()) == (written.trial_id, written.row())


def test_a_text_that_needs_quotes_is_read_back_without_them(registry, install, trial_of):
    install(
        "quoted",
        """
        from dlbench import Activation, Parameter, hookimpl

        @hookimpl
        def dlbench_activations():
            text = Parameter("x", type=str)
            return [Activation(name="quoted", factory="x:y", parameters={"file": text, "slope": Parameter(0.1)})]
        """,
    )
    from dlbench.plugins.registry import Registry

    registry = Registry.load()
    chosen = registry.select("activations", parse_reference('quoted:file="a,b"'))
    (variant,) = build(Request(values={"activation": ('quoted:file="a,b"',)}), registry).variants
    assert variant.trial.activation == chosen
    tuned = with_texts(variant.trial, {"activation.slope": "0.2"}, registry)
    assert tuned.activation.parameters == {"file": "a,b", "slope": 0.2}
    (dimension,) = search_space(("activation.slope=lin:0.1..0.3",), variant.trial, registry)
    assert with_point(variant.trial, [dimension], [0.5], registry).activation == tuned.activation


def test_variants_share_the_settings_of_a_point(registry):
    """Ten thousand points are planned in seconds: what variants have in common is made once."""
    tune = Tune(ranges=("learning-rate=log:1e-4..1e-1",), budget="4")
    plan = build(Request(values={"activation": ("relu", "tanh")}, tune=tune), registry)
    relu, tanh = (plan.tuning.trials_of[0][label] for label in ("relu", "tanh"))
    assert all(one.settings is other.settings for one, other in zip(relu[1:], tanh[1:], strict=True))
