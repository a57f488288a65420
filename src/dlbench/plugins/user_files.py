"""Find code of the user's own, by file or by module, and read it. Nothing is imported for it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from sysconfig import get_path

from dlbench.components.user_code import ENDING, UserCode
from dlbench.errors import DlbenchError, suggest
from dlbench.files import at_home
from dlbench.plugins.discovery import HEAVY
from dlbench.plugins.package_files import INSTALLED, imported_names, module_file, package_digest

_MOST_FILES, _MOST_CHARACTERS = 100, 2**20
#: What is imported by these names is never the user's.
_OTHERS = frozenset({*sys.stdlib_module_names, *HEAVY, "dlbench"})


def find_user_code(place: str, folder: Path) -> UserCode:
    """Return the code of a file, "./acts.py", or of a module, "package.acts", without importing it.

    folder: where relative paths start, and where modules are looked for that are not installed.
    Raises DlbenchError for what is not there, cannot be read or is too large to travel to workers.
    """
    if place.endswith(ENDING):
        path = folder / at_home(place)
        if not path.is_file():
            near = sorted(each.name for each in path.parent.glob(f"*{ENDING}")) if path.parent.is_dir() else []
            raise DlbenchError(f"There is no file {place} (in {folder}).", suggest(path.name, near, "Check its path."))
        return code_of_file(_without_dots(path.absolute()))
    found = module_file(place, [folder])
    if found is None:
        example = f"./{place.rpartition('.')[2]}{ENDING}:Name"
        raise DlbenchError(
            f"There is no module {place}, neither installed nor in {folder}.",
            f"Name a file, as in {example}, or a module that can be imported.",
        )
    return code_of_module(place, found)


def _without_dots(path: Path) -> Path:
    """Return a path whose folders have names: packages are called by them. Links stay where there are no dots."""
    return path.parent.resolve() / path.name if ".." in path.parts else path


def code_of_module(module: str, path: Path) -> UserCode:
    """Return the code of a module whose file is known: an installed one by its digest, others with their files."""
    if any(part in INSTALLED for part in path.parts) or path.is_relative_to(get_path("stdlib")):
        package = module.partition(".")[0]
        name = module.rpartition(".")[2] + ENDING
        return UserCode(name=name, module=module, files={}, installed=package_digest({package}), origin=module)
    return code_of_file(path)


def code_of_file(path: Path) -> UserCode:
    """Return the code of a file: its package or itself, and what these import from the same folder."""
    root, module = path.parent, path.stem
    while (root / "__init__.py").is_file():
        root, module = root.parent, f"{root.name}.{module}"
    module = module.removesuffix(".__init__")
    files = {path.relative_to(root).as_posix(): _read(path)}
    if "." in module or path.stem == "__init__":
        files = _package(root, module.partition(".")[0])
    return make_code(module, files, root, origin=str(path))


def make_code(module: str, files: dict[str, str], root: Path, origin: str = "") -> UserCode:
    """Return the code of a module with all that it imports from a folder."""
    while found := {name for text in files.values() for name in _imported(text, root) if name not in _names(files)}:
        for name in found:
            files |= _package(root, name)
    if len(files) > _MOST_FILES or sum(map(len, files.values())) > _MOST_CHARACTERS:
        raise DlbenchError(
            f"{origin or module} and what it imports beside it are {len(files)} files, too many to hand to workers.",
            "Install it as a package (pip install -e), and name its module: package.module:Name.",
        )
    return UserCode(name=module.rpartition(".")[2] + ENDING, module=module, files=files, origin=origin)


def _names(files: dict[str, str]) -> set[str]:
    return {path.partition("/")[0].removesuffix(ENDING) for path in files}


def _imported(text: str, root: Path) -> Iterator[str]:
    for name in imported_names(text) - _OTHERS:
        if (root / f"{name}{ENDING}").is_file() or (root / name / "__init__.py").is_file():
            yield name


def _package(root: Path, name: str) -> dict[str, str]:
    """Return the files of a module or package in a folder."""
    paths = [root / f"{name}{ENDING}"]
    if (root / name / "__init__.py").is_file():
        paths = sorted((root / name).rglob(f"*{ENDING}"))[: _MOST_FILES + 1]
    return {path.relative_to(root).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DlbenchError(f"{path} cannot be read: {error}.", "Save it as UTF-8 text.") from None
