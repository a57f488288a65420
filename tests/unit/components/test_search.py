"""Ranges to search: written, read, and the values that lie in them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.components.records import Parameter
from dlbench.components.search import parse_range, read_range
from dlbench.errors import DlbenchError

RATE = Parameter(1e-3, minimum=0)
WHOLE = Parameter(64, minimum=1)
NAME = Parameter("none", choices=("none", "flip", "crop"))


@pytest.mark.parametrize(
    ("text", "parameter", "values"),
    [
        ("log:1e-4..1e-2", RATE, [1e-4, 1e-3, 1e-2]),
        ("lin:0..0.9", RATE, [0.0, 0.45, 0.9]),
        ("int:1..9", WHOLE, [1, 5, 9]),
        ("log:16..256", WHOLE, [16, 64, 256]),
        ("{0,0.3,0.5}", RATE, [0.0, 0.3, 0.5]),
        ("choice:none/flip", NAME, ["none", "flip", "flip"]),
    ],
)
def test_a_range_has_its_ends_its_middle_and_nothing_else(text, parameter, values):
    found = parse_range(text, parameter, "it")
    assert [found.value(place) for place in (0.0, 0.5, 1.0)] == values


@given(st.floats(0, 1), st.sampled_from(["log:1e-4..1e-1", "lin:0.2..0.9", "log:3e-7..2e3"]))
def test_a_value_lies_at_the_place_that_it_was_drawn_for_but_for_three_digits(place, text):
    found = parse_range(text, RATE, "it")
    value = found.value(place)
    low, high = found.ends
    assert low <= value <= high
    assert float(f"{value:.3g}") == value
    assert found.place(value) == pytest.approx(place, abs=0.01)


@given(st.floats(0, 1, exclude_max=True))
def test_every_whole_number_of_a_range_has_an_equal_share(place):
    assert parse_range("int:1..4", WHOLE, "it").value(place) == math.floor(4 * place) + 1


@pytest.mark.parametrize("text", ["log:0.0001..0.1", "lin:0..0.9", "int:1..8", "choice:0/0.3/0.5"])
def test_a_range_is_written_as_it_is_read(text):
    assert str(read_range(text)) == text


@pytest.mark.parametrize(
    ("text", "parameter", "why"),
    [
        ("log:1e-1..1e-4", RATE, "smaller end first"),
        ("log:0..1", RATE, "no logarithm"),
        ("lin:-1..1", RATE, "out of range"),
        ("lin:0..inf", RATE, "no end"),
        ("lin:nan..1", RATE, "out of range"),
        ("lin:1..8", WHOLE, "whole numbers"),
        ("int:1.5..8", WHOLE, "whole number"),
        ("int:1..8", RATE, "does not fit"),
        ("0.1", RATE, "no range"),
        ("log:..", RATE, "no range"),
        ("log:a..b", RATE, "takes a number"),
        ("lin:0..1", NAME, "no numbers"),
        ("choice:flip/rotate", NAME, "rotate"),
        ("{0,x}", RATE, "takes a number"),
    ],
)
def test_what_is_no_range_of_a_parameter_is_refused_with_what_to_write(text, parameter, why):
    with pytest.raises(DlbenchError) as caught:
        parse_range(text, parameter, "--it")
    assert why in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint
