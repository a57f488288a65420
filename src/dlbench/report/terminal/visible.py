"""Text in which everything that a terminal would obey is visible."""

import re

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
#: Everything but tabs and line ends; and line ends too.
_OBEYED, _IN_A_LINE = re.compile(f"[{_CONTROL}]"), re.compile(f"[{_CONTROL}\n]")


def visible(text: str, *, one_line: bool = True) -> str:
    """Return a text with escapes in place of what a terminal would obey. one_line: line ends too."""
    return (_IN_A_LINE if one_line else _OBEYED).sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def json_visible(document: str) -> str:
    """Return a JSON document with JSON's escapes in place of what a terminal would obey; its content is the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
