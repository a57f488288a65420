"""Compact letter display: variants that share a letter were not shown to differ."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase


def compact_letters(names: Sequence[str], different: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the letters of each name; the first name gets "a".

    names: in the order of the table, best first.
    different: pairs that were shown to differ.

    Two names share a letter exactly if they were not shown to differ.
    Source: the insert-and-absorb algorithm of Piepho 2004.
    """
    columns = [frozenset(names)]
    for pair in different:
        both = frozenset(pair)
        split = [part for column in columns for part in ((column - {x} for x in pair) if both <= column else (column,))]
        columns = [part for part in dict.fromkeys(split) if not any(part < other for other in split)]
    places = sorted([place for place, name in enumerate(names) if name in column] for column in columns)
    letters = dict.fromkeys(names, "")
    for number, column in enumerate(places):
        for place in column:
            letters[names[place]] += _letter(number)
    return letters


def _letter(number: int) -> str:
    cycle, place = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[place] + (str(cycle) if cycle else "")
