"""Code of the user's own that components come from: how it is written, and as a record that travels to workers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import PurePath, PurePosixPath
from typing import Any

from dlbench.components.shapes import as_table, as_text, as_text_table
from dlbench.components.syntax import format_reference, parse_reference

ENDING = ".py"
#: What the names begin with by which code is imported.
PREFIX = "dlbench_user_code_"
_WRITTEN = re.compile(r"(?P<place>.+):(?P<name>[^\W\d]\w*)\Z", re.DOTALL)
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


def split_written(text: str) -> tuple[str, str] | None:
    """Return the file or module and the name in "./acts.py:Swish" or "acts:Swish"; None for any other text."""
    found = _WRITTEN.match(text)
    if found and (found["place"].endswith(ENDING) or _MODULE.match(found["place"])):
        return found["place"], found["name"]
    return None


def code_hint(name: str) -> str:
    """Return how code of the user's own is named, for a name that seems to mean it and does not; "" for others."""
    place = re.match(rf"(.+\{ENDING})(:.*)?\Z", name, re.DOTALL)
    if not place:
        return ""
    return f"Code of your own is a file, a colon and a class or function at its top level: {place[1]}:Name."


def qualified_text(text: str) -> str:
    """Return a component as it is written with its qualified name, "acts.py/Swish"; others unchanged."""
    reference = parse_reference(text)
    written = split_written(reference.name)
    if written is None:
        return text
    place = PurePath(written[0].removesuffix(ENDING))
    if written[0].endswith(ENDING) and place.name == "__init__" and place.parent.name not in ("", ".."):
        place = place.parent  # a package is called by its folder
    name = f"{place.name.rpartition('.')[2]}{ENDING}/{written[1]}"
    return format_reference(name, reference.parameters)


def beside(text: str, folder: PurePath) -> str:
    """Return a component that names a file by a relative path with the path from a folder; others unchanged."""
    reference = parse_reference(text)
    written = split_written(reference.name)
    if written is None or not written[0].endswith(ENDING) or written[0].startswith("~"):
        return text
    return format_reference(f"{folder / written[0]}:{written[1]}", reference.parameters)


def is_user_code(plugin: str) -> bool:
    """Return whether what stands in a plugin's place is a file of the user's: no plugin's name has a dot."""
    return plugin.endswith(ENDING)


@dataclass(frozen=True, kw_only=True)
class UserCode:
    """The source of components of the user's own.

    name: what stands in the place of a plugin's name: "acts.py".
    module: its module as the files below have it, or as it is installed: "acts", "package.acts".
    files: the text of each file by its path; {} where it is installed.
    installed: a digest of the installed package, "" where it is not installed.
    origin: where it was found, for people; no part of the digest.
    """

    name: str
    module: str
    files: Mapping[str, str]
    installed: str = ""
    origin: str = ""

    @cached_property
    def digest(self) -> str:
        """Return 12 hexadecimal digits of its content, which stand in the place of a plugin's version."""
        if self.installed:
            return self.installed
        content = sha256()
        for part in (
            self.name,
            self.module,
            *(part for path in sorted(self.files) for part in (path, self.files[path])),
        ):
            data = part.encode("utf-8", "surrogateescape")
            content.update(b"%d\n" % len(data) + data)
        return content.hexdigest()[:12]

    @property
    def import_name(self) -> str:
        """Return the name by which workers import it: its own where it is installed, else one that nothing else has."""
        return self.module if self.installed else f"{PREFIX}{self.digest}"

    @property
    def path(self) -> str:
        """Return which of the files holds the module."""
        stem = self.module.replace(".", "/")
        return f"{stem}{ENDING}" if f"{stem}{ENDING}" in self.files else f"{stem}/__init__{ENDING}"

    def to_json(self) -> dict[str, Any]:
        """Return the code as JSON content."""
        return {"name": self.name, "module": self.module, "files": dict(self.files), "installed": self.installed}

    @classmethod
    def from_json(cls, content: object) -> "UserCode":
        """Read code back from JSON content. Raises ValueError where it is no such, or leads out of its folder."""
        known = as_table(content, "user code")
        files = as_text_table(known.get("files"), "files")
        for path in map(PurePosixPath, files):
            if path.is_absolute() or ".." in path.parts or path.suffix != ENDING:
                raise ValueError(f"{path} is no place for a file of code")
        texts = {key: as_text(known.get(key, ""), key) for key in ("name", "module", "installed")}
        return cls(**texts, files=files)
