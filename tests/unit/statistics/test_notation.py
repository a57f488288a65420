import math

import pytest

from dlbench.statistics.notation import p_equation, p_text, with_interval


def test_small_p_values_are_bounded():
    assert (p_text(0.00586), p_text(0.0009), p_text(0.0009, space=" ")) == ("0.006", "<0.001", "< 0.001")
    assert p_equation(0.00586, "Holm p") == "Holm p = 0.006"
    assert p_equation(0.0009) == "p < 0.001"


@pytest.mark.parametrize("end", [None, math.nan])
def test_an_interval_needs_both_ends(end):
    assert with_interval("1.0", 0.5, 1.5, "{:.1f}".format) == "1.0 [0.5, 1.5]"
    assert with_interval("1.0", end, 1.5, "{:.1f}".format) == "1.0"
    assert with_interval("1.0", 0.5, end, "{:.1f}".format) == "1.0"
