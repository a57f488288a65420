"""`dlbench list metrics`: the built-in metrics and those that the diagnostics of plugins declare."""

import json

from dlbench.components.metric_table import METRICS

WEATHER = """
from dlbench import Diagnostic, Value, hookimpl

@hookimpl
def dlbench_diagnostics():
    rain = Value("rain_share", better="lower", share=True, meaning="Share of rainy days.")
    return [Diagnostic(name="weather", factory="skies:weather", summary="Rain and wind", values=(rain, "wind"))]
"""


def test_every_metric_has_a_line_and_a_document(dlbench, install, monkeypatch):
    install("skies", WEATHER)
    monkeypatch.setenv("DLBENCH_PLUGINS", "skies")
    listed = {line.split()[0] for line in dlbench("list", "metrics").stdout.splitlines() if line[:1] not in (" ", "")}
    documents = {each["name"]: each for each in json.loads(dlbench("list", "metrics", "--json").stdout)}
    assert {*METRICS, "rain_share"} <= {*documents}
    assert {*documents} == listed - {"name"}
    assert documents["rain_share"]["better"] == "lower"
    assert documents["rain_share"]["unit"] == "points"
    assert documents["test_accuracy"]["margin"] == 0.002


def test_a_pattern_filters_and_one_that_matches_nothing_is_an_error(dlbench):
    listed = dlbench("list", "metrics", "test_*").stdout.splitlines()
    assert {line.split()[0] for line in listed[1:] if line[:1] != " "} == {
        "test_loss",
        "test_accuracy",
        "test_objective",
    }
    assert dlbench("list", "metrics", "nonsense").returncode == 2
