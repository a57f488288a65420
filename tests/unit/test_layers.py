"""The order of the layers, read from the source: a module imports from those to its left, never from the right.

An import for type hints alone (under TYPE_CHECKING) does not count; one inside a function does.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import dlbench

SOURCE = Path(dlbench.__file__).parent

#: Modules and packages of the core from left to right. The design's order, with the small modules beside their
#: neighbours. `selection` stands left of the registry, which hands out its records; `statistics`
#: works on plain numbers, so the run folder may use it and not the other way round; `session` and `readying`
#: are what the commands and the Python interface have in common.
LAYERS = (
    *("errors", "machine"),
    *("components", "statistics", "files"),
    *("trials", "hookspecs"),
    *("plugins", "dataset_index"),
    *("plans", "scaffold"),
    "experiments",
    "analysis",
    "runs",
    *("engine", "report"),
    "executors",
    "sessions",
    *("api", "testing"),
    "cli",
    "__main__",
)
#: Neither of these two halves knows the other: one trains, one reads results.
APART = {"engine": "report", "report": "engine"}
#: Built-in plugins, held to what a stranger may import.
PLUGINS = ("standard", "torchvision")
DISTRIBUTIONS = SOURCE.parents[1] / "plugins"


def unit(path: Path) -> str:
    """The layer's module or package that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def counted(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING:`."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from counted(node.orelse)
        else:
            yield node
            yield from counted(ast.iter_child_nodes(node))


def imports(path: Path) -> Iterator[str]:
    """What a file imports of dlbench: "plugins.registry", "runs.folder", or "Model" for a public name."""
    for node in counted([ast.parse(path.read_text(encoding="utf-8"))]):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module="dlbench", names=names):
                found = [f"dlbench.{alias.name}" for alias in names]
            case ast.ImportFrom(module=str(module)):
                found = [module]
            case _:
                continue
        yield from (name.removeprefix("dlbench.") for name in found if name.partition(".")[0] == "dlbench")


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", [path for path in files() if unit(path) not in PLUGINS], ids=named)
def test_a_module_of_the_core_imports_only_from_its_left(path: Path) -> None:
    here = unit(path)
    assert here in LAYERS, "a new module or package needs its place among the layers"
    allowed = {*LAYERS[: LAYERS.index(here) + 1]} - {APART.get(here, "")}
    assert [name for name in imports(path) if name.partition(".")[0] not in allowed] == []


@pytest.mark.parametrize("path", [path for path in files() if unit(path) in PLUGINS], ids=named)
def test_a_built_in_plugin_imports_only_public_names_and_its_own_package(path: Path) -> None:
    strangers = {*dlbench.__all__, unit(path)}
    assert [name for name in imports(path) if name.partition(".")[0] not in strangers] == []


COMMANDS = SOURCE / "cli" / "commands"


@pytest.mark.parametrize("path", sorted(COMMANDS.rglob("*.py")), ids=named)
def test_a_command_imports_no_other_command(path: Path) -> None:
    """What several commands need has a place of its own; the files of a group's folder belong together."""
    own = path.relative_to(COMMANDS).parts[0].removesuffix(".py")
    others = [name.split(".")[2] for name in imports(path) if name.startswith("cli.commands.")]
    assert [name for name in others if name != own] == []


@pytest.mark.parametrize("path", sorted(DISTRIBUTIONS.glob("*/src/*/*.py")), ids=lambda path: path.stem)
def test_a_plugin_imports_only_public_names(path: Path) -> None:
    assert [name for name in imports(path) if name not in dlbench.__all__] == []


@pytest.mark.parametrize("path", sorted(DISTRIBUTIONS.glob("*/tests/*.py")), ids=lambda path: path.stem)
def test_the_tests_of_a_plugin_import_public_names_and_what_is_for_testing(path: Path) -> None:
    allowed = {*dlbench.__all__, "dlbench", "testing", "testing.engine_parts"}
    assert [name for name in imports(path) if name not in allowed] == []


def test_both_kinds_of_files_are_found() -> None:
    assert {"plugins", "cli", "engine", "standard", "torchvision"} <= {unit(path) for path in files()}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from dlbench.plugins.registry import Registry", ["plugins.registry"]),
        ("from dlbench import Model, hookimpl", ["Model", "hookimpl"]),
        ("from dlbench import plugins as p", ["plugins"]),
        ("import dlbench.runs.folder as folder", ["runs.folder"]),
        ("def f():\n    with x:\n        from dlbench.cli import main", ["cli"]),
        ("if TYPE_CHECKING:\n    from dlbench.cli import main", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    from dlbench.cli import main", ["cli"]),
        ("import torch", []),
    ],
)
def test_imports_are_found_wherever_they_stand(tmp_path: Path, source: str, found: list[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    assert list(imports(path)) == found
