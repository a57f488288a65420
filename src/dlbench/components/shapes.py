"""What content of files has to be before it is used: one check for each shape, whose error says where and what."""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from dlbench.components.syntax import LARGEST_INTEGER

_NUMBERS = frozenset({int, float})
_CELLS = frozenset({int, float, type(None)})
_LONGEST = 60


class ShapeError(ValueError):
    """Content is not what it has to be.

    name: what the value is. wanted: what is expected of it. shown: the value found, shortened.
    """

    def __init__(self, name: str, wanted: str, value: object) -> None:
        shown = repr(value)
        self.name, self.wanted = name, wanted
        self.shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
        super().__init__(f"{name} is not {wanted}: {self.shown}")


class UnknownFieldError(ValueError):
    """Content has fields that this dlbench does not know: a newer one may have written it."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"this dlbench does not know {', '.join(map(str, names))}")


def check_known(content: Iterable[str], known: Container[str]) -> None:
    """Raise UnknownFieldError for a table with other keys than those that are known."""
    if unknown := [key for key in content if key not in known]:
        raise UnknownFieldError(unknown)


def as_table(value: object, name: str) -> Mapping[str, Any]:
    """Return a value that is a table."""
    if type(value) is not dict and not isinstance(value, Mapping):  # the first is much faster
        raise ShapeError(name, "a table", value)
    return value


def as_list(value: object, name: str) -> list[Any]:
    """Return a value that is a list; a tuple counts as one."""
    if isinstance(value, list):
        return value
    if not isinstance(value, tuple):
        raise ShapeError(name, "a list", value)
    return list(value)


def as_text(value: object, name: str) -> str:
    """Return a value that is a text."""
    if not isinstance(value, str):
        raise ShapeError(name, "a text", value)
    return value


def as_texts(value: object, name: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    return tuple(as_text(each, name) for each in as_list(value, name))


def as_text_table(value: object, name: str) -> dict[str, str]:
    """Return a table of texts."""
    return {key: as_text(text, f"{name}: {key}") for key, text in as_table(value, name).items()}


def as_number(value: object, name: str) -> float:
    """Return a value that is a number, not necessarily finite."""
    if type(value) not in _NUMBERS or _too_large(value):
        raise ShapeError(name, "a number", value)
    return value  # type: ignore[return-value]  # checked by its type, since true is no number here


def as_whole(value: object, name: str, least: int = -LARGEST_INTEGER) -> int:
    """Return a value that is a whole number and not below the least."""
    if type(value) is not int or not least <= value <= LARGEST_INTEGER:
        raise ShapeError(name, "a whole number" if least < 0 else f"a whole number from {least}", value)
    return value


def as_wholes(value: object, name: str, least: int = -LARGEST_INTEGER) -> tuple[int, ...]:
    """Return the whole numbers of a list."""
    numbers = as_list(value, name)
    if numbers and (set(map(type, numbers)) != {int} or min(numbers) < least or max(numbers) > LARGEST_INTEGER):
        raise ShapeError(name, "a list of whole numbers", value)
    return tuple(numbers)


def as_numbers(value: object, name: str) -> tuple[float, ...]:
    """Return the numbers of a list."""
    numbers = as_list(value, name)
    if not _NUMBERS.issuperset(map(type, numbers)) or _any_too_large(numbers):
        raise ShapeError(name, "a list of numbers", value)
    return tuple(numbers)


def as_cells(value: object, name: str = "") -> Mapping[str, float | int | None]:
    """Return a table of numbers, some of which may be absent."""
    cells = as_table(value, name)
    if not _CELLS.issuperset(map(type, cells.values())) or _any_too_large(
        [cell for cell in cells.values() if cell is not None]
    ):
        wrong = next(key for key, cell in cells.items() if type(cell) not in _CELLS or _too_large(cell))
        raise ShapeError(wrong, "a number", cells[wrong])
    return cells


def as_rows(value: object, name: str) -> tuple[Mapping[str, float | int | None], ...]:
    """Return the tables of numbers of a list, all checked at once unless one of them is wrong."""
    rows = as_list(value, name)
    if set(map(type, rows)) <= {dict}:
        cells = list(chain.from_iterable(map(dict.values, rows)))
        if _CELLS.issuperset(map(type, cells)) and not _any_too_large([cell for cell in cells if cell is not None]):
            return tuple(rows)
    return tuple(as_cells(row, name) for row in rows)


def as_matrix(value: object, name: str) -> tuple[tuple[int, ...], ...]:
    """Return the rows of a list of lists of whole numbers from 0, all checked at once."""
    rows = tuple(tuple(as_list(row, name)) for row in as_list(value, name))
    as_wholes(list(chain.from_iterable(rows)), name, least=0)
    return rows


def _any_too_large(numbers: Sequence[float]) -> bool:
    """Return whether a whole number is beyond what can be held; the usual sizes are decided at once."""
    return not max(map(abs, numbers), default=0) <= LARGEST_INTEGER and any(map(_too_large, numbers))


def _too_large(value: object) -> bool:
    """Return whether a whole number is beyond what other programs, and floating-point numbers, hold."""
    return type(value) is int and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER
