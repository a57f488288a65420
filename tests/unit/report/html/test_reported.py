"""What the page says of a reported figure beside its measurement."""

import pytest

from dlbench.analysis.reported import ReportedFigure
from dlbench.components.metric_table import find_metric
from dlbench.report.html.reported import reported_table


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"n": 1}, "n = 1: no interval"),
        ({"n": 2}, "n = 2: no interval"),
        ({"n": 3, "low": 0.8, "high": 0.9, "within": False, "one_run": False}, "outside of both"),
        ({"n": 3, "low": 0.8, "high": 0.9, "within": False, "one_run": True}, "where a single run may fall"),
        ({"problem": "No trial has a value."}, "No trial has a value."),
    ],
)
def test_where_a_reported_value_lies(known, told):
    about = {"variant": "relu", "metric": find_metric("test_accuracy"), "at": "last", "reported": 0.7, "place": "1"}
    table = reported_table([ReportedFigure(**about, measured=0.85, difference=0.15, **known)])
    assert table.rows[0].cells[-1] == told
