"""Code of the user's own is imported from a copy named by its digest, after everything that is installed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlbench.components.user_code import UserCode
from dlbench.plugins.importing import resolve_factory
from dlbench.plugins.registry import Registry
from dlbench.plugins.user_files import find_user_code
from dlbench.plugins.user_imports import FOLDER, learn_user_code, recall_user_code


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """Leave modules and search paths as they were."""
    before, finders, path = set(sys.modules), list(sys.meta_path), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    assert sys.path == path
    sys.meta_path[:] = finders


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    return Registry.load()


def made(registry: Registry, name: str) -> object:
    return resolve_factory(registry.get("activations", name).record)()


def write(folder: Path, helper: str) -> UserCode:
    folder.mkdir(exist_ok=True)
    (folder / f"{folder.name}.py").write_text("import helper, random\ndef make(): return helper.VALUE, random.random\n")
    (folder / "helper.py").write_text(helper)
    (folder / "random.py").write_text("random = 'not the installed one'\n")
    return find_user_code(f"{folder.name}.py", folder)


def test_two_files_have_their_own_neighbors_and_nothing_installed_is_replaced(
    tmp_path: Path, registry: Registry
) -> None:
    import random

    codes = [write(tmp_path / name, f"VALUE = {name!r}\n") for name in ("first", "second")]
    learn_user_code(codes, tmp_path / "data", registry)
    assert made(registry, "first.py/make") == ("first", random.random)
    assert made(registry, "second.py/make") == ("second", random.random)


def test_a_package_keeps_its_relative_imports(tmp_path: Path, registry: Registry) -> None:
    package = tmp_path / "somepackage"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "acts.py").write_text("from .tools import VALUE\ndef make(): return VALUE\n")
    (package / "tools.py").write_text("VALUE = 3\n")
    learn_user_code([find_user_code("somepackage.acts", tmp_path)], tmp_path / "data", registry)
    assert made(registry, "acts.py/make") == 3


def test_the_code_of_the_unit_counts_whatever_became_of_the_copy(tmp_path: Path, registry: Registry) -> None:
    code = write(tmp_path / "first", "VALUE = 1\n")
    copy = tmp_path / "data" / FOLDER / code.digest / "files" / "helper.py"
    copy.parent.mkdir(parents=True)
    copy.write_text("VALUE = 'of somebody else'\n")
    learn_user_code([code], tmp_path / "data", registry)
    assert made(registry, "first.py/make")[0] == 1  # type: ignore[index]


def test_code_that_ran_here_is_recalled_by_its_digest_and_no_other(tmp_path: Path, registry: Registry) -> None:
    code = write(tmp_path / "first", "VALUE = 1\n")
    learn_user_code([code], tmp_path / "data", registry)
    made(registry, "first.py/make")

    def recalled(digest: str, data_dir: Path = tmp_path / "data") -> bool:
        fresh = Registry.load()
        recall_user_code({"first.py": digest, "standard": "1"}, data_dir, fresh)
        return "first.py" in fresh.plugins.by_name

    assert recalled(code.digest)
    assert not recalled("0123456789ab")
    assert not recalled("../first")
    assert not recalled(code.digest, tmp_path / "elsewhere")
    content = tmp_path / "data" / FOLDER / code.digest / "content.json"
    content.write_text(content.read_text().replace("VALUE = 1", "VALUE = 2"))
    assert not recalled(code.digest)
