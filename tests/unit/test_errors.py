"""Errors in one line, and what was perhaps meant."""

import subprocess

import pytest

from dlbench.errors import describe_error, shell_words, suggest


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


WORDS = (
    *("plain", "two words", "q\"u'o", "a\nb", "-x", "~", "$HOME", "a/", "*", "tab\there", "\x1b]0;title\x07"),
    *("'\n\\", "", "é", "\u202e"),
)


def test_words_come_back_from_a_shell_as_they_were_and_no_terminal_obeys_them():
    typed = shell_words(*WORDS)
    found = subprocess.run(["bash", "-c", f"printf '%s\\0' {typed}"], capture_output=True, check=True, text=True).stdout
    assert found.split("\0")[:-1] == list(WORDS)
    assert typed.isprintable()
