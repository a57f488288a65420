"""Output streams that lack a character, as a pipe on Windows does, get what is nearest to it instead of an error."""

import codecs
import sys
from typing import TextIO

_NEAREST = {"×": "x", "·": "*", "±": "+-", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->"}
_NEAREST |= {"∞": "inf", "√": "sqrt", "‖": "||", "✓": "+", "✗": "x", "“": '"', "”": '"', "∂": "d", "′": "'"}
_NO_DOTS, _ALL_DOTS = "\N{BRAILLE PATTERN BLANK}", "\N{BRAILLE PATTERN DOTS-12345678}"


def write_what_streams_can_take() -> None:
    """Let standard output and error replace what their encoding lacks; UTF-8 lacks the odd bytes of file names."""
    codecs.register_error("dlbench.nearest", _replace)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="dlbench.nearest")


def takes_all(stream: TextIO) -> bool:
    """Tell whether a stream takes every character."""
    return "utf" in (getattr(stream, "encoding", None) or "utf-8").lower()


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(nearest, error.object[error.start : error.end])), error.end


def nearest(character: str) -> str:
    """Return in ASCII what comes nearest to a character: "alpha" for α, "2" for ², "e" for é; "?" for what has none."""
    import unicodedata  # where it is needed at all

    if character in _NEAREST:
        return _NEAREST[character]
    if _NO_DOTS <= character <= _ALL_DOTS:  # what curves in the terminal are drawn with
        return " " if character == _NO_DOTS else "*"
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.split()[3].lower()
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"
