"""TOML: a file that remembers its line numbers, so that an error can name them, and texts as it has them."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dlbench.errors import DlbenchError
from dlbench.files import read_text

_HEADER = re.compile(r"\s*\[\[?\s*([\w-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
_DELIMITER = re.compile(r'"""|' + "'''")


class Place(NamedTuple):
    """A place in the file.

    table: name of the table, "" for the top of the file.
    number: which of the tables of that name.
    key: a key of the table, "" for the table itself.
    """

    table: str = ""
    number: int = 0
    key: str = ""


@dataclass(frozen=True)
class TomlFile:
    """A file's content, and the line of each of its keys. kept: whether it is a copy in a run folder."""

    path: Path
    content: Mapping[str, Any]
    lines: Mapping[Place, int] = field(repr=False)
    kept: bool = False

    @classmethod
    def read(cls, path: Path, *, kept: bool = False) -> "TomlFile":
        """Read a file. Raises DlbenchError if it cannot be read; the TOML reader names the line."""
        try:
            text = read_text(path)
            return cls(path, tomllib.loads(text), find_lines(text), kept)
        except OSError as error:
            raise DlbenchError(
                f"{path} cannot be read: {error.strerror or error}.", "Give the path of a TOML file."
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DlbenchError(f"{path} is not valid TOML: {error}.", "Correct it there.") from None

    def line(self, place: Place) -> int:
        """Return the line of a key, else that of its table, else 1."""
        table, number, _ = place
        nearest = (place, Place(table, number), Place("", 0, table))
        return next((self.lines[known] for known in nearest if known in self.lines), 1)

    def error(self, place: Place, message: str, hint: str = "") -> DlbenchError:
        """Return an error that names the file and the line."""
        return DlbenchError(f"{self.path}, line {self.line(place)}: {message}", hint)


def find_lines(text: str) -> dict[Place, int]:
    """Return the line, from 1, of every table and key that starts a line."""
    lines: dict[Place, int] = {}
    counts: dict[str, int] = {}
    table, index, inside = "", 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not inside and (header := _HEADER.match(line)):
            table = header[1]
            index = counts.get(table, 0)
            counts[table] = index + 1
            lines[Place(table, index)] = number
        elif not inside and (key := _KEY.match(line)):
            lines[Place(table, index, key[1])] = number
        inside = _open_string(line, inside)
    return lines


def _open_string(line: str, inside: str) -> str:
    """Return the delimiter of the multi-line string that is open at a line's end, or ""."""
    for delimiter in _DELIMITER.findall(line):
        if not inside:
            inside = delimiter
        elif inside == delimiter:
            inside = ""
    return inside


def quoted(text: str) -> str:
    """Return a text as a TOML string: as it is in single quotes where it has double ones, else escaped as in JSON."""
    if '"' in text and text.isprintable() and not {"'", "\\"} & set(text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
