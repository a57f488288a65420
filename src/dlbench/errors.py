"""Errors for users: what is wrong, what was perhaps meant, what to type next."""

import os
import shlex
from collections.abc import Iterable
from difflib import get_close_matches


class DlbenchError(Exception):
    """An error with a sentence for the user and, if there is one, what to do next."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ContractError(DlbenchError):
    """A plugin's record, hook or factory breaks its contract."""


class DataError(DlbenchError):
    """A data set is not available: it cannot be downloaded, or is corrupt or truncated."""


class DataMissingError(DataError):
    """A data set's files are not on disk."""


def describe_error(error: BaseException, limit: int = 500) -> str:
    """Return an exception's type and text in one line of at most `limit` characters."""
    text = " ".join(str(error).split())
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:limit]


def shell_words(*words: object) -> str:
    """Return words as a shell takes them: to be copied from a message, whatever characters they hold."""
    return " ".join(_shell_word(str(word)) for word in words)


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    # Quotes that escape what a terminal would obey, or break a line at.
    plain = {"\\": r"\\", "'": r"\'"}
    return "$'" + "".join(plain.get(each, each) if each.isprintable() else _escaped(each) for each in word) + "'"


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def suggest(name: str, known: Iterable[str], then: str = "") -> str:
    """Return "Did you mean …?" for the nearest known names, if some are near, followed by `then`."""
    names = {_folded(each): each for each in known}
    near = [names[each] for each in get_close_matches(_folded(name), list(names), n=3, cutoff=0.6)]
    return " ".join(filter(None, [f"Did you mean {' or '.join(near)}?" if near else "", then]))


def _folded(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")
