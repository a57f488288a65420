"""The keywords of dlbench.compare are those that the records of options declare."""

import inspect
from dataclasses import fields
from pathlib import Path

import pytest

from dlbench.api import compare as api
from dlbench.errors import DlbenchError
from dlbench.plans.config import SESSION as FROM_FILES
from dlbench.plans.criteria import Criteria
from dlbench.plans.tuning import Tune
from dlbench.sessions.options import Options

SESSION = {each.name: each for each in fields(Options) if each.metadata}
JUDGING = [each.name for each in fields(Criteria) if each.metadata]
PARAMETERS = inspect.signature(api.compare).parameters
GIVEN = {
    **dict.fromkeys(SESSION, True),
    "name": "a-run",
    "results_dir": "runs",
    "data_dir": "data",
    "executor": "local:jobs=2",
    "force": ["relu"],
    "jobs": 3,
    "max_time": 60.0,
    "timeout": 5.0,
    "checkpoint_every": 7.0,
}


class RequestedError(Exception):
    """Instead of a run: what it was asked for."""


@pytest.fixture
def requested(monkeypatch):
    """Return a function that calls `compare` and returns the request and the options that it makes."""

    def run(request, options, *_):
        raise RequestedError(request, options)

    def call(**keywords):
        with pytest.raises(RequestedError) as caught:
            api.compare(**keywords)
        return caught.value.args

    monkeypatch.setattr(api, "run", run)
    return call


@pytest.mark.parametrize("name", SESSION)
def test_each_option_of_a_session_is_a_keyword_with_its_default(name):
    assert PARAMETERS[name].default == (None if name in FROM_FILES else SESSION[name].default)


@pytest.mark.parametrize("name", JUDGING)
def test_each_option_of_judging_is_a_keyword_that_is_unset_by_default(name):
    assert PARAMETERS[name].default is None


@pytest.mark.parametrize("name", SESSION)
def test_each_option_of_a_session_reaches_the_session(requested, name):
    _, options = requested(**{name: GIVEN[name]})
    expected = Path(GIVEN[name]) if name.endswith("_dir") else GIVEN[name]
    assert getattr(options, name) == expected
    unchanged = [other for other in SESSION if other != name]
    assert {each: getattr(options, each) for each in unchanged} == {each: SESSION[each].default for each in unchanged}


def test_only_the_options_of_judging_that_are_given_are_asked_for(requested):
    assert requested()[0].judging == {}
    given = {
        "metric": "test_loss",
        "margin": 0.1,
        "alpha": 0.01,
        "baseline": "relu",
        "all_pairs": True,
        "test": "independent",
        "alpha_study": True,
    }
    assert given.keys() == set(JUDGING)
    assert requested(**given)[0].judging == given


def test_a_tuple_makes_an_axis_as_a_list_does(requested):
    request, _ = requested(activation=("relu", "tanh"), learning_rate=(0.1, 0.01))
    assert request.values == {"activation": ("relu", "tanh"), "learning_rate": ("0.1", "0.01")}


def test_a_variant_has_one_value_of_each(requested):
    with pytest.raises(DlbenchError, match="A variant sets one activation, not several"):
        requested(variants=[{"label": "a", "activation": ["relu", "tanh"]}])


def test_lists_make_axes_and_seeds_are_how_many_or_which(requested):
    request, _ = requested(activation=["relu", "tanh"], dataset="mnist", learning_rate=0.1, seed=[3, 4])
    assert request.values == {"activation": ("relu", "tanh"), "dataset": ("mnist",), "learning_rate": ("0.1",)}
    assert request.seeds == [3, 4]
    assert requested(seeds=7)[0].seeds == 7


def test_what_is_passed_wins_over_dlbench_toml_even_as_the_default(requested):
    _, options = requested(executor="local", save_weights=False)
    assert {"executor", "save_weights"} <= options.given
    assert not options.given & {"checkpoint_every", "step_losses", "jobs"}


def test_what_contradicts_or_lacks_its_other_half_is_an_error_as_on_the_command_line():
    with pytest.raises(DlbenchError, match="seeds says how many and seed says which"):
        api.compare(activation=["relu", "tanh"], seeds=3, seed=[0, 1])
    with pytest.raises(DlbenchError, match="say how to tune, and nothing says what"):
        api.compare(activation=["relu", "tanh"], budget=4)


def test_what_is_tuned_is_a_table_of_ranges_and_choices(requested):
    ranges = {"learning_rate": "log:1e-4..1e-1", "model.dropout": [0, 0.3, 0.5]}
    request, _ = requested(activation=["relu", "tanh"], tune=ranges, budget=8)
    written = ("learning_rate=log:1e-4..1e-1", "model.dropout=choice:0/0.3/0.5")
    assert request.tune == Tune(ranges=written, budget="8")
