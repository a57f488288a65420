"""Compact letter display: variants that share a letter were not shown to differ."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase


def compact_letters(names: Sequence[str], different: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the letters of each name, given the pairs shown to differ; "a" goes to the first name.

    names: best first, as the table has them. Every pair that was not shown to differ shares a letter, every pair
    that was shares none. Source: the insert-and-absorb algorithm of Piepho 2004.
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
