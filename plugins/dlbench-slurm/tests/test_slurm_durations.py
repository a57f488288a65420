import pytest

from dlbench import DlbenchError
from dlbench_slurm.durations import minutes, warning_seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", 60),
        ("90m", 90),
        ("1h30m", 90),
        ("0.5h", 30),
        ("2d", 2880),
        ("61s", 2),
        ("45", 45),
        ("10:30", 11),
        ("1:30:00", 90),
        ("1-12", 2160),
        ("1-12:30", 2190),
        ("1-12:00:00", 2160),
    ],
)
def test_times_are_read_as_people_and_as_slurm_write_them(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "1x", "0", "-1", "1h:30"])
def test_what_is_no_time_is_answered_with_how_to_write_one(text: str) -> None:
    with pytest.raises(DlbenchError, match="is no time") as caught:
        minutes(text)
    assert "1h30m" in str(caught.value)


def test_the_warning_comes_within_a_short_limit() -> None:
    assert [warning_seconds(limit) for limit in (1, 4, 8, 60)] == [15, 60, 120, 120]
