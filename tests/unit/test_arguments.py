"""Arguments of the Python interface that are of another type than asked for."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import dlbench
from dlbench.api.arguments import checked, read_arguments
from dlbench.errors import DlbenchError


@pytest.mark.parametrize(
    ("function", "wrong", "takes"),
    [
        (dlbench.spread, {"backgrounds": "x"}, "a whole number"),
        (dlbench.spread, {"levels": 3.5}, "a whole number"),
        (dlbench.spread, {"levels": True}, "a whole number"),
        (dlbench.spread, {"streams": 3}, "a text or a list of texts"),
        (dlbench.spread, {"jobs": "x"}, "a whole number or None"),
        (dlbench.compare, {"hold": [3]}, "a text or a list of texts"),
        (dlbench.compare, {"margin": "1"}, "a number or None"),
        (dlbench.compare, {"metric": ["test_loss"]}, "a text or None"),
        (dlbench.compare, {"test": 3.5}, "paired or independent or None"),
        (dlbench.compare, {"variants": "activation=relu"}, "a list of texts or dictionaries"),
        (dlbench.compare, {"variants": [None]}, "a list of texts or dictionaries"),
        (dlbench.compare, {"tune": {"learning_rate": 1}}, "a text, a list of texts or a dictionary"),
        (dlbench.compare, {"noise_floor": "x"}, "True or False"),
        (dlbench.compare, {"results_dir": 3}, "a text, a path or None"),
        (dlbench.compare, {"seeds": b"7"}, "a whole number, a text or None"),
        (dlbench.compare, {"seed": [0, "1"]}, "a whole number, a list of whole numbers or None"),
        (dlbench.run, {"experiment": None}, "a text or a path"),
        (dlbench.run, {"experiment": "mine.toml", "seeds": 3.5}, "a whole number, a text or None"),
        (dlbench.confirm, {"run": 3}, "a text or a path"),
        (dlbench.confirm, {"run": "mine", "max_time": "x"}, "a number or None"),
        (dlbench.replay, {"manifest": None}, "a text or a path"),
        (dlbench.load_results, {"path": ["mine"]}, "a text or a path"),
    ],
)
def test_an_argument_of_another_type_is_refused_in_a_sentence_that_says_what_it_takes(function, wrong, takes):
    name, value = list(wrong.items())[-1]
    with pytest.raises(DlbenchError) as caught:
        function(**wrong)
    assert caught.value.message == f"{name}={value!r} is not accepted."
    assert caught.value.hint == f"It takes {takes}."


def test_a_long_value_is_shown_shortened():
    with pytest.raises(DlbenchError) as caught:
        dlbench.spread(backgrounds="x" * 10_000)
    assert len(caught.value.message) < 100


@checked
def function(*, count: int = 6, where: Path | None = None, **others: object):
    return count, where, others


def test_none_is_the_default_of_what_a_function_names():
    assert function(count=None, where=None, model=None) == (6, None, {"model": None})


@pytest.mark.parametrize("whole", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_numpy_become_those_of_python(whole):
    count, *_ = function(count=whole)
    assert (count, type(count)) == (3, int)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (0.5, float),
        (1, int),
        (np.float32(0.5), float),
        (np.float64(0.5), float),
        (np.int64(1), float),
        (Fraction(1, 2), float),
    ],
)
def test_any_number_becomes_one_that_a_manifest_can_hold(number, kind):
    found = read_arguments(dlbench.compare, {"alpha": number})["alpha"]
    assert (found, type(found)) == (number, kind)


def test_arguments_that_a_function_does_not_name_are_left_as_they_are():
    assert function(model=3.5)[-1] == {"model": 3.5}


def test_asked_for_seeds_a_spread_names_what_it_has_for_them():
    with pytest.raises(DlbenchError, match="--backgrounds N") as caught:
        dlbench.spread(seeds=3)
    assert "takes no seeds" in caught.value.message


def test_what_a_function_returns_may_be_known_to_type_checkers_alone():
    @checked
    def draw(kind: str = "") -> "Picture":  # noqa: F821  # the name is never imported
        return kind

    assert draw("curves") == "curves"
    with pytest.raises(DlbenchError, match="kind=1 is not accepted"):
        draw(1)
