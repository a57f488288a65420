"""The digest of a plugin's source files: it changes with them, and nothing is imported for it."""

import sys
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.plugins.source_digests import source_digests

PLUGIN = """
    from dlbench import Activation, hookimpl

    @hookimpl
    def dlbench_activations():
        return [Activation(name="own", factory="rippled_parts.shapes:Rippled", summary="x"),
                Activation(name="torch", factory="torch.nn:Tanh", summary="x")]
"""


@pytest.fixture
def parts(install, tmp_path):
    install("rippled", PLUGIN)
    folder = tmp_path / "site-packages" / "rippled_parts"
    (folder / "deep").mkdir(parents=True)
    for name in ("__init__.py", "shapes.py", "deep/blocks.py"):
        (folder / name).write_text("raise RuntimeError('imported')\n")
    return folder


def digest(name: str) -> str:
    return source_digests([name, "standard/relu"], Registry.load())["rippled"]


@pytest.mark.parametrize("name", ["__init__.py", "shapes.py", "deep/blocks.py", "new.py"])
def test_it_changes_with_any_file_of_the_package_of_a_used_factory(parts: Path, name: str) -> None:
    before = digest("rippled/own")
    assert digest("rippled/own") == before
    (parts / name).write_text("# edited\n")
    assert digest("rippled/own") != before
    assert "rippled_parts" not in sys.modules


def test_it_changes_with_the_plugins_own_module(parts: Path) -> None:
    before = digest("rippled/torch")
    (parts / "shapes.py").write_text("# of a component that is not used\n")
    assert digest("rippled/torch") == before
    (module,) = parts.parent.glob("fake_*.py")
    module.write_text(module.read_text() + "\n")
    assert digest("rippled/torch") != before


@pytest.mark.parametrize(("name", "counts"), [("used.py", True), ("further/__init__.py", True), ("unused.py", False)])
def test_it_changes_with_what_a_factory_imports_from_its_folder(
    install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    install("rippled", PLUGIN.replace("rippled_parts.shapes", "shapes_beside"))
    sources = tmp_path / "sources"
    (sources / "further").mkdir(parents=True)
    (sources / "shapes_beside.py").write_text("from torch import nn\nimport math, used\n")
    (sources / "used.py").write_text("def x():\n    import further.deep\n")
    for other in ("further/__init__.py", "unused.py"):
        (sources / other).write_text("")
    monkeypatch.syspath_prepend(sources)
    before = digest("rippled/own")
    (sources / name).write_text("# edited\n")
    assert (digest("rippled/own") != before) == counts


def test_built_in_plugins_are_known_by_the_version_of_dlbench() -> None:
    assert source_digests(["standard/relu", "own", "none"], Registry.load()) == {}
