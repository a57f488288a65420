import json

import pytest

from dlbench.analysis.speed import PARTS, Speed, compare, document, read
from dlbench.errors import DlbenchError
from dlbench.machine import Peaks


def _speed(label="mlp", step=(90.0, 100.0, 120.0), **changes):
    rates = dict.fromkeys(PARTS, (10.0, 20.0, 40.0)) | {"step": step}
    known = {
        "label": label,
        "values": {"model": label},
        "batch_size": 64,
        "rates": rates,
        "parameters": 7,
        "flops": 3_000_000,
        "peak_memory_mb": 80.0,
        "peaks": Peaks(matmul=1.0, convolution=2.0),
    }
    return Speed(**known | changes)


def test_a_rate_is_the_median_of_its_windows_and_its_spread_half_their_range():
    assert _speed().rate("step") == 100
    assert _speed().spread("step") == pytest.approx(0.15)


def test_a_step_s_arithmetic_is_a_share_of_each_peak():
    """100 images a second of 3 million operations are 0.3 GFLOP a second."""
    assert _speed().share("matmul") == pytest.approx(0.3)
    assert _speed().share("convolution") == pytest.approx(0.15)
    assert _speed(flops=None).share("matmul") is None


def test_speeds_read_back_as_they_were_written(tmp_path):
    speeds = (_speed(), _speed("linear", peak_memory_mb=None))
    path = tmp_path / "speeds.json"
    path.write_text(json.dumps(document(speeds, {"versions": {}})))
    assert read(path) == speeds


def test_changes_are_ratios_of_medians_by_part_whatever_the_order():
    now, before = (_speed(step=(50.0,)), _speed("linear")), (_speed("linear"), _speed())
    slower, same = compare(now, before)
    assert slower.ratios["step"] == slower.lowest == 0.5
    assert set(same.ratios.values()) == {1.0}


def test_a_variant_that_was_not_measured_before_cannot_be_compared():
    with pytest.raises(DlbenchError, match="has no mlp"):
        compare((_speed(),), (_speed("linear"),))


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 99, "speeds": []}', '{"schema": 1, "speeds": [{}]}'])
def test_a_file_without_speeds_is_named(tmp_path, content):
    path = tmp_path / "speeds.json"
    path.write_text(content)
    with pytest.raises(DlbenchError, match=r"speeds\.json has no measured speeds"):
        read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DlbenchError, match="cannot be read"):
        read(tmp_path / "speeds.json")
