"""Bash breaks words at : and = when it completes; Typer and the component syntax need them whole."""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator

#: Where bash breaks a word, besides spaces.
_BREAKS = (":", "=")


@contextlib.contextmanager
def whole_bash_words(variable: str = "_DLBENCH_COMPLETE") -> Iterator[None]:
    """Join the words that bash broke at : and = for Typer, and cut the answers at the last break for bash.

    Does nothing outside a completion by bash.
    """
    if os.environ.get(variable) != "complete_bash":
        yield
        return
    words, current = _joined(os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0")))
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(words), str(current)
    begun = words[current] if current < len(words) else ""
    value = re.sub(r"\A--[\w-]+=", "", begun)  # what is offered for --option=value is the value
    cut = max(value.rfind(sign) for sign in _BREAKS) + 1
    answer = io.StringIO()
    try:
        with contextlib.redirect_stdout(answer):
            yield
    finally:
        sys.stdout.write("".join(f"{line[cut:]}\n" for line in answer.getvalue().splitlines()))


def _joined(words: list[str], current: int) -> tuple[list[str], int]:
    """Join the words that bash broke and return them with the index of the current one."""
    joined: list[str] = []
    glue = False
    for index, word in enumerate(words):
        breaks = bool(word) and set(word) <= set(_BREAKS)
        if joined and index and (glue or breaks):
            joined[-1] += word
        else:
            joined.append(word)
        glue = breaks
        if index == current:
            current_word = len(joined) - 1
    return (joined, current_word) if current < len(words) else (joined, len(joined))
