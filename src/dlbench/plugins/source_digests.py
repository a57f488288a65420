"""Digests of the source files of plugins, so that edited code is not taken for what computed earlier results."""

import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from dlbench.components.records import KINDS
from dlbench.plugins.discovery import HEAVY, Plugin
from dlbench.plugins.package_files import INSTALLED, files_of, imported_names, package_digest
from dlbench.plugins.registry import Registry

_OURS = "dlbench"


def source_digests(names: Iterable[str], registry: Registry) -> dict[str, str]:
    """Return a digest of the Python files of each plugin but the built-in ones. Nothing is imported for it.

    names: of components, qualified. Those are the files of the packages that the plugin and these components are in,
        and of what these import from the same folder of sources.
    """
    wanted: dict[str, set[str]] = {}
    factories = _factories(registry) if names else {}
    for name in names:
        plugin = registry.plugins.by_name.get(name.partition("/")[0])
        if plugin is not None and not plugin.built_in and not plugin.is_user_code:  # whose version is a digest
            packages = wanted.setdefault(plugin.name, {_package(plugin)})
            packages |= {factory.partition(".")[0] for factory in factories.get(name, ())}
    return {
        plugin: package_digest(_with_neighbors(packages - {*HEAVY, _OURS}))
        for plugin, packages in sorted(wanted.items())
    }


def _factories(registry: Registry) -> dict[str, list[str]]:
    """Return the modules of the factories of each component, by its qualified name, whatever its kind."""
    found: dict[str, list[str]] = {}
    for kind in KINDS:
        for entry in registry.entries(kind):
            found.setdefault(entry.name, []).append(entry.record.factory.partition(":")[0])
    return found


def _package(plugin: Plugin) -> str:
    return plugin.module.__name__.partition(".")[0]


def _with_neighbors(packages: set[str]) -> set[str]:
    """Return packages with all that they import from the folders in which they lie themselves."""
    found, waiting = set[str](), packages
    while waiting:
        found |= waiting
        waiting = {name for package in waiting for name in _imported_beside(package)} - found - {*HEAVY, _OURS}
    return found


def _imported_beside(package: str) -> Iterator[str]:
    spec = PathFinder.find_spec(package, sys.path)
    if spec is None or not spec.origin:
        return
    place = Path(spec.origin).parent.parent if spec.submodule_search_locations else Path(spec.origin).parent
    if place.name in INSTALLED:
        return
    texts = (path.read_text(encoding="utf-8", errors="replace") for _, path in files_of(package))
    names = set[str]().union(*map(imported_names, texts))
    yield from (name for name in names if (place / f"{name}.py").is_file() or (place / name / "__init__.py").is_file())
