"""Small pieces of Markdown that the generated pages share."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars and line breaks inside a cell are kept from ending it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def code(text: str) -> str:
    """Return text as code, or nothing for no text."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Return a help text without the markup of the terminal."""
    return re.sub(r"\[/?(?:dim|bold|cyan)?\]", "", text.replace("\\[", "⟦")).replace("⟦", "[")


def sentences(docstring: str | None) -> str:
    """Return a docstring as Markdown: its code in `code`, its paragraphs kept."""
    paragraphs = re.split(r"\n\s*\n", docstring or "")
    return "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in paragraphs)
