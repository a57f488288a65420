"""Curves of components on the terminal: what is finite of them is drawn, whatever the rest is."""

import math

import pytest

from dlbench.components.descriptions import Curve, Picture
from dlbench.report.terminal.curves import draw

X = tuple(number / 10 for number in range(-20, 21))
CURVES = {
    "not a number below 0": (X, tuple(math.sqrt(x) if x >= 0 else math.nan for x in X)),
    "infinite at 0": (X, tuple(1 / x if x else math.inf for x in X)),
    "minus infinity at 0": (X, tuple(math.log(abs(x)) if x else -math.inf for x in X)),
    "one step": ((0.0,), (0.1,)),
    "one value": (X, (0.1,) * len(X)),
}


def _dots(text):
    return sum(0x2800 < ord(character) <= 0x28FF for character in text)


@pytest.mark.parametrize("name", CURVES)
def test_what_is_finite_of_a_curve_is_drawn(name):
    text = draw(Picture("A curve", "x", "y", (Curve("f", *CURVES[name]),)), 80)
    assert _dots(text)
    assert "nan" not in text
    assert "inf" not in text


def test_a_curve_without_finite_values_is_empty_and_others_are_drawn_beside_it():
    undefined = Curve("f", X, (math.nan,) * len(X))
    assert not _dots(draw(Picture("A curve", "x", "y", (undefined,)), 80))
    assert _dots(draw(Picture("Curves", "x", "y", (undefined, Curve("g", X, X))), 80))
