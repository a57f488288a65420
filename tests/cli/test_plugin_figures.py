"""Figures of plugins: `plot`, the report page and completion have them; a broken one stops nothing."""

import pytest

PLUGIN = """
from dlbench import Figure, hookimpl

@hookimpl
def dlbench_figures():
    return [
        Figure(name="count", factory="fake_dlbench_tally:count", title="Number of trials", summary="Trials by variant"),
        Figure(name="broken", factory="fake_dlbench_tally:broken", summary="It raises"),
        Figure(name="sizes", factory="fake_dlbench_tally:count", summary="Of a diagnostic", values=("gradient_norm",)),
    ]

def count(data):
    figure = data.drawing.canvas(3.0)
    axes = figure.subplots()
    axes.bar([v.label for v in data.variants], [len(v.records) for v in data.variants])
    data.drawing.style_axes(axes, "trials")
    return figure

def broken(data):
    raise ValueError("no ink")
"""


@pytest.fixture
def drawn(compare, install, monkeypatch):
    run = compare("--model", "linear", "--epochs", "1", "--seeds", "1", "--train-size", "64")
    install("tally", PLUGIN)
    monkeypatch.setenv("DLBENCH_PLUGINS", "tally")
    return run["name"]


@pytest.mark.slow
def test_plot_draws_the_figures_of_plugins_and_names_a_broken_one_once(dlbench, drawn, tmp_path):
    done = dlbench("plot", drawn)
    assert done.returncode == 0
    files = {path.name for path in (tmp_path / "results" / drawn / "figures").iterdir()}
    assert {"count.png", "final.png"} <= files
    assert not {"broken.png", "sizes.png", "gradients.png"} & files
    assert done.stderr.count("no ink") == 1
    done = dlbench("plot", drawn, "--kind", "sizes")
    assert done.returncode == 2
    assert "no trial was measured with --diagnostics gradient-norm" in done.stderr


@pytest.mark.slow
def test_the_report_page_has_them(charts_library, dlbench, drawn, tmp_path):
    done = dlbench("report", drawn)
    assert done.returncode == 0
    assert "Number of trials" in (tmp_path / "results" / drawn / "report.html").read_text()
    assert done.stderr.count("no ink") == 1


def test_they_are_listed(dlbench, drawn):
    assert "tally/count" in dlbench("list", "figures").stdout
    assert "gradients" in dlbench("list", "figures").stdout
