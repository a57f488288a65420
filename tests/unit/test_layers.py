"""The order of the layers, read from the source: a folder imports from those before it, never from those after.

An import inside a function counts as one at the top of the module does. One for type hints alone (under TYPE_CHECKING)
may look upward, but no import, type hints included, may close a circle.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dlbench

SOURCE = Path(dlbench.__file__).parent
CONTRIBUTING = SOURCE.parents[1] / "CONTRIBUTING.md"

#: Folders and loose modules from left to right. Those of one tier may import from their left neighbors too.
LAYERS = (
    ("errors", "machine", "startup"),
    ("components", "statistics", "files"),
    ("trials", "hookspecs"),
    ("plugins", "dataset_index"),
    ("plans", "scaffold"),
    ("experiments",),
    ("analysis",),
    ("runs",),
    ("engine", "report"),
    ("executors",),
    ("sessions",),
    ("api", "testing", "serve"),
    ("cli",),
    ("__main__",),
)
ORDER = tuple(name for tier in LAYERS for name in tier)
#: Neither of these two halves knows the other: one trains, one reads results.
APART = {"engine": "report", "report": "engine", "serve": "engine"}
#: Built-in plugins, held to what a stranger may import.
PLUGINS = ("standard", "torchvision")
DISTRIBUTIONS = SOURCE.parents[1] / "plugins"


def layer(path: Path) -> str:
    """The folder or loose module that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    """The dotted name of a file, without "dlbench."."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def without_type_checking(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING:`."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from without_type_checking(node.orelse)
        else:
            yield node
            yield from without_type_checking(ast.iter_child_nodes(node))


def imports(path: Path, *, type_hints: bool = False) -> Iterator[str]:
    """What a file imports of dlbench: "plugins.registry.Registry", "runs.folder", or "Model" for a public name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if type_hints else without_type_checking([tree]):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=str(source), names=names):
                found = [f"{source}.{alias.name}" for alias in names]
            case _:
                continue
        yield from (name.removeprefix("dlbench.") for name in found if name.partition(".")[0] == "dlbench")


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a circle of a graph, its first module repeated at the end, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@pytest.mark.parametrize("path", [path for path in files() if layer(path) not in PLUGINS], ids=module)
def test_a_module_of_the_core_imports_only_from_its_left(path: Path) -> None:
    here = layer(path)
    assert here in ORDER, "a new folder or loose module needs its place among the layers"
    allowed = {*ORDER[: ORDER.index(here) + 1]} - {APART.get(here, "")}
    assert [name for name in imports(path) if name.partition(".")[0] not in allowed] == []


@pytest.mark.parametrize("path", [path for path in files() if layer(path) in PLUGINS], ids=module)
def test_a_built_in_plugin_imports_only_public_names_and_its_own_package(path: Path) -> None:
    strangers = {*dlbench.__all__, layer(path)}
    assert [name for name in imports(path) if name.partition(".")[0] not in strangers] == []


COMMANDS = SOURCE / "cli" / "commands"


@pytest.mark.parametrize("path", sorted(COMMANDS.rglob("*.py")), ids=module)
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
    homes = {"testing", "testing.engine_parts"}
    allowed = {*dlbench.__all__, "dlbench", *homes}
    assert [name for name in imports(path) if name not in allowed and name.rpartition(".")[0] not in homes] == []


def test_no_imports_form_a_circle_those_for_type_hints_included() -> None:
    names = {module(path) for path in files()}
    graph: dict[str, set[str]] = {}
    for path in files():
        here = module(path)
        targets = (
            next((n for n in (name, name.rpartition(".")[0]) if n in names), here)
            for name in imports(path, type_hints=True)
        )
        graph[here] = {target for target in targets if target != here}
    assert circle(graph) == []


def test_a_circle_would_be_found() -> None:
    assert circle({"a": ["b"], "b": ["c"], "c": []}) == []
    assert sorted(set(circle({"a": ["b"], "b": ["c"], "c": ["a"]}))) == ["a", "b", "c"]


def test_the_picture_of_the_layers_in_contributing_is_this_order() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    picture = re.search(r"^    errors, .*(?:\n    +< .*)*", text, re.MULTILINE)
    assert picture, "CONTRIBUTING.md shows the layers, beginning with errors"
    shown = tuple(tuple(re.findall(r"\w+", tier)) for tier in re.split(r"[<]", picture[0]))
    assert shown == tuple(tier for tier in LAYERS if tier != ("__main__",))


def test_both_kinds_of_files_are_found() -> None:
    assert {"plugins", "cli", "engine", "standard", "torchvision"} <= {layer(path) for path in files()}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from dlbench.plugins.registry import Registry", ["plugins.registry.Registry"]),
        ("from dlbench import Model, hookimpl", ["Model", "hookimpl"]),
        ("from dlbench import plugins as p", ["plugins"]),
        ("import dlbench.runs.folder as folder", ["runs.folder"]),
        ("def f():\n    with x:\n        from dlbench.cli import main", ["cli.main"]),
        ("if TYPE_CHECKING:\n    from dlbench.cli import main", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    from dlbench.cli import main", ["cli.main"]),
        ("import torch", []),
    ],
)
def test_imports_are_found_wherever_they_stand(tmp_path: Path, source: str, found: list[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    assert list(imports(path)) == found


def test_imports_for_type_hints_are_found_if_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("if TYPE_CHECKING:\n    from dlbench.cli import main", encoding="utf-8")
    assert list(imports(path, type_hints=True)) == ["cli.main"]
