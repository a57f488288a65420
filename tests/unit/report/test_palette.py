import colorsys
from itertools import pairwise

from dlbench.report.palette import style, styles


def test_a_variant_keeps_its_look_when_a_plan_grows(make_plan):
    short, long = styles(make_plan(["relu", "tanh"])), styles(make_plan(["relu", "tanh", "gelu"]))
    assert short.items() <= long.items()
    assert len(long) == 3


def test_fifty_variants_are_told_apart():
    assert len({style(position) for position in range(50)}) == 50


def test_eight_variants_are_told_apart_without_colour():
    looks = [style(position) for position in range(8)]
    assert len({look.marker for look in looks}) == 8
    assert all(one.line != two.line for one, two in pairwise(looks))


def test_no_colour_vanishes_on_white_paper():
    for position in range(8):
        channels = [int(style(position).color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        assert colorsys.rgb_to_hls(*channels)[1] < 0.7
