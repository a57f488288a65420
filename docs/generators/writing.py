"""Markdown helpers that the generated pages share."""

import inspect
import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars and line breaks inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def code(text: str) -> str:
    """Return text as inline code, or "" for an empty text."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Return a help text without the markup of the terminal."""
    return re.sub(r"\[/?(?:dim|bold|cyan)?\]", "", text.replace("\\[", "⟦")).replace("⟦", "[")


def field_meanings(docstring: str | None) -> tuple[str, dict[str, str]]:
    """Return a record's docstring without the lines that document its fields, and the meaning of each field.

    A field is documented by a line "name: meaning"; its other lines are indented further.
    """
    prose, meanings, name = [], {}, ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        if begun := re.match(r"(\w+): (.+)", line):
            name = begun[1]
            meanings[name] = begun[2]
        elif name and line.startswith("    "):
            meanings[name] += " " + line.strip()
        else:
            prose.append(line)
    return "\n".join(prose), {field: f"{meaning[0].upper()}{meaning[1:]}" for field, meaning in meanings.items()}


def sentences(docstring: str | None) -> str:
    """Return a docstring as Markdown: its code in `code`, its paragraphs kept."""
    paragraphs = re.split(r"\n\s*\n", docstring or "")
    return "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in paragraphs)
