"""Output for streams that lack characters: what comes nearest, and no error."""

import io
import json
import sys

import pytest

from dlbench.cli.encoding import nearest


@pytest.fixture
def printed(dlbench, monkeypatch):
    """Run the command with a standard output of some encoding; return what it wrote."""

    def run(encoding, *arguments):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            assert dlbench(*arguments).returncode == 0
            stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    return run


@pytest.mark.parametrize(
    ("character", "written"),
    [
        ("−", "-"),
        ("±", "+-"),
        ("α", "alpha"),
        ("ρ", "rho"),
        ("²", "2"),
        ("ⁿ", "n"),
        ("é", "e"),
        ("…", "..."),
        ("漢", "?"),
    ],
)
def test_the_nearest(character, written):
    assert nearest(character) == written


def test_every_character_becomes_ascii():
    assert all(nearest(chr(number)).isascii() for number in range(0x80, 0x3000))
    assert nearest("\udcff") == "?"  # a byte of a file name that is no UTF-8


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_list_says_the_same_in_other_characters(printed, encoding):
    everything, some = (printed(each, "list", "activations") for each in ("utf-8", encoding))
    assert not everything.isascii()
    assert [line.split()[:1] for line in some.splitlines()] == [line.split()[:1] for line in everything.splitlines()]
    assert ("· x below" if encoding != "ascii" else "* x below") in some


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_loses_nothing(printed, encoding):
    everything, some = (json.loads(printed(each, "list", "activations", "--json")) for each in ("utf-8", encoding))
    assert some == everything


def test_a_curve_is_drawn_all_the_same(printed):
    drawn = printed("ascii", "show", "schedule", "one-cycle")
    assert "?" not in drawn
    assert "***" in drawn
