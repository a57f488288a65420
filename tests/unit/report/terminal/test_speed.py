"""The tables of `dlbench bench` name what they show."""

import io

from rich.console import Console

from dlbench.analysis.speed import PARTS, Speed
from dlbench.machine import Peaks
from dlbench.report.terminal.speed import rate_table

RATES = (900.0, 1000.0, 1100.0)


def test_a_rate_stands_with_half_the_range_of_its_windows_by_name():
    speed = Speed(
        label="mlp",
        values={},
        batch_size=64,
        rates=dict.fromkeys(PARTS, RATES),
        parameters=10,
        flops=None,
        peak_memory_mb=None,
        peaks=Peaks(matmul=1.0, convolution=1.0),
    )
    screen = Console(file=io.StringIO(), width=80)
    screen.print(rate_table([speed]))
    text = screen.file.getvalue()
    assert text.count("1,000 (10 %)") == len(PARTS)
    assert "median of the windows (half their range, in percent of the median)" in text
    assert "±" not in text, "which is a standard deviation elsewhere"
