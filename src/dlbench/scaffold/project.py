"""Write a new plugin's distribution from the templates."""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dlbench.components.axes import AXES
from dlbench.errors import DlbenchError, suggest
from dlbench.hookspecs import PROJECT
from dlbench.plugins.discovery import BUILT_IN
from dlbench.plugins.registry import Registry

_TEMPLATES = Path(__file__).with_name("templates")
#: What can be made, by the registry's kind; "" for what is no component. An axis takes part once it has a template.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        **{axis.name: axis.kind for axis in AXES.values() if (_TEMPLATES / axis.name).is_dir()},
        "experiment": "",
        "diagnostic": "diagnostics",
        "figure": "figures",
        "observer": "",
        "executor": "executors",
    }
)
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
#: Template by the path it is written to, below the distribution's folder.
_COMMON = MappingProxyType(
    {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        ".gitignore": "gitignore",
        "src/{package}/__init__.py": "init.py",
        "src/{package}/py.typed": "py.typed",
        "tests/test_{package}.py": "test.py",
    }
)


@dataclass(frozen=True)
class Project:
    """A plugin to be written."""

    name: str
    kind: str

    @property
    def distribution(self) -> str:
        """Return the distribution's name, "dlbench-snake"."""
        return f"dlbench-{self.name}"

    @property
    def package(self) -> str:
        """Return the package's name, "dlbench_snake"."""
        return self.distribution.replace("-", "_")

    def words(self) -> dict[str, Any]:
        """Return what the templates are filled with."""
        from dlbench.components.records import API_VERSION

        core = metadata.version(PROJECT)
        return {
            "name": self.name,
            "kind": self.kind,
            "distribution": self.distribution,
            "package": self.package,
            "identifier": self.name.replace("-", "_"),
            "class_name": _class_name(self.name),
            "requirement": f"{PROJECT}{version_range(core)}",
            "api_version": API_VERSION,
        }

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield each file's path below the distribution's folder, and its text."""
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        templates = Environment(  # texts, not web pages
            loader=FileSystemLoader(_TEMPLATES),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        own = {
            f"src/{self.package}/experiments/{path.name.removesuffix('.jinja')}"
            if path.name.endswith(".toml.jinja")
            else f"src/{self.package}/{path.name.removesuffix('.jinja')}": f"{self.kind}/{path.name}"
            for path in sorted((_TEMPLATES / self.kind).iterdir())
        }
        common = {target: f"common/{name}.jinja" for target, name in _COMMON.items()}
        for target, template in {**common, **own}.items():
            path = target.format(package=self.package).replace("experiment.toml", f"{self.name}.toml")
            yield path, templates.get_template(template).render(self.words())


def version_range(core: str) -> str:
    """Return the range of versions that a plugin made today works with: this minor version and the next.

    A change of API_VERSION keeps the one before working, and comes with a minor version.
    """
    major, minor = (int(number) for number in re.findall(r"\d+", core)[:2])
    return f">={major}.{minor},<{major}.{minor + 2}"


def plan_project(name: str, kind: str, parent: Path, registry: Registry) -> tuple[Project, Path]:
    """Return what is to be written and where. Raises DlbenchError for a bad name, one taken and an existing folder."""
    if kind not in KINDS:
        raise DlbenchError(f"There is no template for {kind!r}.", suggest(kind, KINDS, f"It takes {', '.join(KINDS)}."))
    project = Project(name.removeprefix("dlbench-"), kind)
    if not _NAME.match(project.name):
        hint = "Use lowercase letters, digits and single hyphens, starting with a letter."
        better = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-0123456789")
        raise DlbenchError(
            f"{name!r} is not a valid plugin name.", f"{hint} Perhaps {better}?" if _NAME.match(better) else hint
        )
    _refuse_taken(project, registry)
    folder = parent / project.distribution
    if folder.exists():
        raise DlbenchError(
            f"There is a {'folder' if folder.is_dir() else 'file'} {folder} already; nothing was written.",
            "Choose another name, or another place with --directory.",
        )
    return project, folder


def write_project(project: Project, folder: Path) -> tuple[Path, ...]:
    """Write the distribution and return the paths of its files."""
    texts = dict(project.files())
    for path, text in texts.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise DlbenchError(
                f"{target} cannot be written: {error.strerror}.", "Choose another place with --directory."
            ) from error
    return tuple(folder / path for path in texts)


def _refuse_taken(project: Project, registry: Registry) -> None:
    name = project.name
    taken = {point.name: point for point in metadata.entry_points(group=PROJECT)}
    if name in BUILT_IN or name in taken:
        owner = taken[name].dist.name if name in taken and taken[name].dist else PROJECT  # type: ignore[union-attr]
        raise DlbenchError(f"There is already a plugin {name} (in {owner}).", "Choose another name.")
    if project.package in {dist.name.replace("-", "_").lower() for dist in metadata.distributions() if dist.name}:
        raise DlbenchError(f"A distribution {project.distribution} is already installed.", "Choose another name.")
    if kind := KINDS[project.kind]:
        for entry in registry.entries(kind):
            if entry.record.name == name:
                raise DlbenchError(
                    f"{entry.name} is there already, and the example would be named {name} too.", "Choose another name."
                )


def _class_name(name: str) -> str:
    joined = "".join(part.capitalize() for part in name.split("-"))
    return f"{joined}_" if keyword.iskeyword(joined) else joined
