"""Characters that an output stream cannot encode, as a pipe on Windows, are replaced by the nearest ones."""

import codecs
import sys
from typing import TextIO

_NEAREST = {"×": "x", "·": "*", "±": "+-", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->"}
_NEAREST |= {"∞": "inf", "√": "sqrt", "‖": "||", "✓": "+", "✗": "x", "“": '"', "”": '"', "∂": "d", "′": "'"}
_NO_DOTS, _ALL_DOTS = "\N{BRAILLE PATTERN BLANK}", "\N{BRAILLE PATTERN DOTS-12345678}"


def replace_unencodable() -> None:
    """Make standard output and error replace what they cannot encode, with UTF-8 the surrogates of odd file names."""
    codecs.register_error("dlbench.nearest", _replace)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="dlbench.nearest")


def encodes_all(stream: TextIO) -> bool:
    """Return whether a stream can encode every character."""
    return "utf" in (getattr(stream, "encoding", None) or "utf-8").lower()


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(nearest, error.object[error.start : error.end])), error.end


def nearest(character: str) -> str:
    """Return the nearest ASCII text for a character: "alpha" for α, "2" for ², "e" for é, "?" if there is none."""
    import unicodedata  # slow to import and rarely needed

    if character in _NEAREST:
        return _NEAREST[character]
    if _NO_DOTS <= character <= _ALL_DOTS:  # curves in the terminal are drawn with these
        return " " if character == _NO_DOTS else "*"
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.split()[3].lower()
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"
