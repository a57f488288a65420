"""The Python files of packages, and what they import, found without importing anything."""

import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path

#: A package with more files is a library, which its version identifies.
_MOST_FILES = 500
#: Where packages are installed, beside others that have nothing to do with them.
INSTALLED = ("site-packages", "dist-packages")
#: "import a.b as c, d" and "from e import f", alone on a line or not; relative imports stay within their package.
_IMPORT = re.compile(r"(?:^|[;:])[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([\w \t,.]+))", re.MULTILINE)


def imported_names(text: str) -> set[str]:
    """Return the top-level names of the modules that a text imports, perhaps with words of its docstrings."""
    found = _IMPORT.findall(text.replace("\\\n", " "))
    modules = [name.split() for _, names in found for name in names.split(",")]
    return ({name for name, _ in found} | {words[0].partition(".")[0] for words in modules if words}) - {""}


def module_file(module: str, more: Iterable[Path] = ()) -> Path | None:
    """Return the file of a module: an installed one first, so that nothing in other folders replaces it.

    more: folders that are looked at last.
    """
    parts = module.split(".")
    for root in dict.fromkeys([*(Path(entry) for entry in sys.path if entry), *more]):
        for path in (root.joinpath(*parts[:-1], f"{parts[-1]}.py"), root.joinpath(*parts, "__init__.py")):
            if path.is_file():
                return path.absolute()
    return None


def package_digest(packages: set[str]) -> str:
    """Return a digest of the Python files of top-level packages."""
    content = sha256()
    for package in sorted(packages):
        for name, path in files_of(package):
            content.update(f"{name}\n{path.stat().st_size}\n".encode())
            content.update(path.read_bytes())
    return content.hexdigest()[:12]


def files_of(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the Python files of a top-level package or module, by their names within it."""
    spec = PathFinder.find_spec(package, sys.path)
    if spec is None:
        return
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    found = [(path.relative_to(folder).as_posix(), path) for folder in folders for path in folder.rglob("*.py")]
    if spec.origin and (len(found) > _MOST_FILES or not folders) and spec.origin.endswith(".py"):
        found = [(Path(spec.origin).name, Path(spec.origin))]
    yield from sorted(found)[:_MOST_FILES]
