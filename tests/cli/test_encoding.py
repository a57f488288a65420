"""Output for streams that cannot encode all characters: the nearest text, and no error."""

import io
import json
import os
import sys

import pytest
from PIL import Image

from dlbench.cli.streams.encoding import nearest


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
    assert nearest("\udcff") == "?"  # an undecodable byte of a file name


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


def test_a_curve_is_drawn_in_any_encoding(printed):
    drawn = printed("ascii", "show", "schedule", "one-cycle")
    assert "?" not in drawn
    assert "***" in drawn


@pytest.mark.slow
def test_images_in_folders_whose_names_are_not_utf_8_work_in_every_command(dlbench, tmp_path):
    odd = os.fsdecode(b"im\xff")
    for label in (f"a{odd}", "b"):
        for split in ("train", "test"):
            folder = tmp_path / odd / split / label
            folder.mkdir(parents=True)
            for index in range(10):
                Image.new("L", (8, 8), 25 * index).save(folder / f"{index}.png")
    dataset = f"image-folder:path={tmp_path / odd}:channels=1"
    small = ["--activation", "relu,tanh", "--epochs", "1", "--seeds", "2"]
    for words in (
        ["compare", "--dataset", dataset, *small, "--name", "odd"],
        ["results", "show", "odd", "--per-class"],
        ["plot", "odd"],
        ["report", "odd"],
        ["results", "doctor", "odd"],
    ):
        done = dlbench(*words)
        assert done.returncode == 0, done.stderr
    assert "in order" in done.stdout
    exported = dlbench("results", "export", "odd", "--table", "per-class", "--output", "classes.csv")
    assert exported.returncode == 0
    assert r"aim\xff" in (tmp_path / "classes.csv").read_text(encoding="utf-8")
