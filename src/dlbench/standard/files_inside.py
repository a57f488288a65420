"""What a folder of images holds, without hidden files and what programs leave behind."""

from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".avif", ".tif", ".tiff", ".ppm", ".pgm"]
)
#: What file managers, archivers and notebooks leave behind, in small letters.
_LEFTOVERS = frozenset({"__macosx", "__pycache__", "@eadir", "$recycle.bin", "thumbs.db", "desktop.ini"})


def is_image(path: Path) -> bool:
    """Return whether a path names an image: a file, or a link to nothing, which is an error later; never a pipe."""
    return path.suffix.lower() in _SUFFIXES and (path.is_file() or not path.exists())


def subfolders(folder: Path) -> list[Path]:
    """Return the visible folders of a folder, by name."""
    return sorted((path for path in visible(folder) if path.is_dir()), key=lambda path: path.name)


def visible(folder: Path) -> list[Path]:
    """Return the files and folders of a folder. Raises ValueError for one that cannot be read."""
    try:
        found = list(folder.iterdir())
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}\nCheck the permissions of the folder.") from error
    return [path for path in found if not path.name.startswith(".") and path.name.casefold() not in _LEFTOVERS]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files; links to folders are followed, but not into a folder that they are in."""
    above = (*folder.absolute().parents, *folder.resolve().parents)
    yield from _walk(folder, tuple(map(_identity, above)))


def _walk(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    here = _identity(folder)
    for path in visible(folder) if here not in above else ():
        if path.is_dir():
            yield from _walk(path, (*above, here))
        else:
            yield path


def _identity(folder: Path) -> tuple[int, int]:
    state = folder.stat()
    return state.st_dev, state.st_ino
