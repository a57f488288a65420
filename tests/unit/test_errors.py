"""Errors in one line, and what was perhaps meant."""

import pytest

from dlbench.errors import describe_error, suggest


@pytest.mark.parametrize(
    ("error", "limit", "line"),
    [
        (ValueError("no"), 500, "ValueError: no"),
        (ValueError("first line\n  second"), 500, "ValueError: first line second"),
        (KeyError(), 500, "KeyError"),
        (RuntimeError("x" * 600), 20, "RuntimeError: xxxxxx"),
    ],
)
def test_an_error_is_described_in_one_line(error, limit, line):
    assert describe_error(error, limit) == line


def test_the_nearest_names_come_before_the_rest():
    assert suggest("rleu", ["relu", "tanh"], "See the list.") == "Did you mean relu? See the list."
    assert suggest("zzz", ["relu", "tanh"], "See the list.") == "See the list."
