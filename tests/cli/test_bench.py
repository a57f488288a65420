import csv
import json

import pytest

FAST = ("--seconds", "0.01", "--windows", "2", "--model", "mlp:hidden=4")


@pytest.mark.slow
def test_speeds_are_measured_kept_drawn_and_compared_with_earlier_ones(dlbench, tmp_path):
    files = ("--save", "speeds.json", "--csv", "speeds.csv", "--figure", "speeds.png")
    done = dlbench("bench", *FAST, "--batch-size", "32,64", *files, columns=200)
    assert done.returncode == 0, done.stderr
    assert "32" in done.stdout
    with (tmp_path / "speeds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["batch_size"] for row in rows] == ["32", "64"]
    assert all(float(row["step_images_per_second"]) > 0 for row in rows)
    assert (tmp_path / "speeds.png").read_bytes().startswith(b"\x89PNG")

    impossible = ("--against", "speeds.json", "--fail-below", "1000", "--json")
    again = dlbench("bench", *FAST, "--batch-size", "32,64", *impossible)
    document = json.loads(again.stdout)
    assert again.returncode == 1
    assert "Below 1000 of the earlier speed: 32, 64" in again.stderr
    assert set(document["changes"]) == {"32", "64"}
    assert len(document["speeds"][0]["rates"]["step"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--against", "nowhere.json"), "cannot be read"),
        (("--figure", "speeds.gif"), "has an unknown ending"),
        (("--fail-below", "0.9"), "Add --against FILE"),
    ],
)
def test_what_cannot_be_saved_or_compared_is_an_error_before_anything_is_measured(dlbench, arguments, words):
    done = dlbench("bench", *FAST, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Measuring" not in done.stderr


@pytest.mark.slow
def test_a_variant_without_an_earlier_measurement_is_an_error_before_measuring(dlbench):
    assert dlbench("bench", *FAST, "--batch-size", "32", "--save", "speeds.json").returncode == 0
    done = dlbench("bench", *FAST, "--batch-size", "64", "--against", "speeds.json")
    assert done.returncode == 2
    assert "The earlier file has no" in done.stderr
    assert "Measuring" not in done.stderr


@pytest.mark.slow
def test_speeds_that_cannot_be_written_are_still_shown(dlbench, tmp_path):
    (tmp_path / "file").write_text("")
    done = dlbench("bench", *FAST, "--save", "file/speeds.json")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "images/s" in done.stdout
