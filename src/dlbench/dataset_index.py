"""The index of prepared data sets, as the parent process uses it: what each contains, and whether it is still valid.

A data set is read from its files once and kept as raw arrays below DATA_DIR/prepared/<digest>/. The index beside them
maps each data set, with its parameters and files, to a digest.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dlbench.components.records import Dataset, ParameterValue
from dlbench.files import at_home, replace_file
from dlbench.trials.identity import digest

META = "meta.json"
#: Beside a file of the index: the state of each file that was read.
_FILES = ".files"
FileStates = list[list[str | int]]
"""Of each file its path, and numbers that change when it does."""
#: Data sets of more classes are summed up.
_NAMED_CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class PreparedInfo:
    """The facts about a prepared data set that a plan needs.

    digest: identity of its images and labels.
    input_shape: channels, height and width.
    num_classes: number of classes.
    train_size, test_size: numbers of images.
    validation_size: number of images of its own validation split; 0 without one.
    class_names: the names of the classes; empty where they are unknown.
    class_sizes: numbers of training images by class; empty where an earlier version prepared it.
    notes: what was done to the files to read them so.
    test_groups: number of groups of test images; 0 where each image is its own.
    """

    digest: str
    input_shape: tuple[int, int, int]
    num_classes: int
    train_size: int
    test_size: int
    validation_size: int
    class_names: tuple[str, ...]
    class_sizes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    test_groups: int = 0

    @property
    def sentence(self) -> str:
        """Say what was read: "80 training and 30 test images of 3×16×16, 2 classes (cat 40, dog 40); …"."""
        own = f", {self.validation_size:,} validation" if self.validation_size else ""
        shape = "×".join(map(str, self.input_shape))
        groups = f" in {self.test_groups:,} groups" if self.test_groups else ""
        sizes = f"{self.train_size:,} training{own} and {self.test_size:,} test images{groups} of {shape}"
        classes = f"{self.num_classes} class{'es' * (self.num_classes != 1)}"
        return "; ".join([f"{sizes}, {classes}{self._class_sizes()}", *self.notes])

    def _class_sizes(self) -> str:
        if not self.class_sizes or not self.class_names:
            return ""
        if len(self.class_sizes) > _NAMED_CLASSES:
            return f" of {min(self.class_sizes):,} to {max(self.class_sizes):,} training images"
        pairs = zip(self.class_names, self.class_sizes, strict=False)
        return f" ({', '.join(f'{name} {size:,}' for name, size in pairs)})"

    def same_arrays(self, other: "PreparedInfo") -> bool:
        """Return whether the facts about the arrays are the same, whoever prepared them and from what."""
        return replace(self, class_sizes=(), notes=()) == replace(other, class_sizes=(), notes=())

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "PreparedInfo":
        """Read it back from JSON content."""
        known = dict(content)
        channels, height, width = known["input_shape"]
        listed = ("class_names", "class_sizes", "notes")
        texts = {name: tuple(known[name]) for name in listed if name in known}
        return cls(**known | {"input_shape": (channels, height, width)} | texts)


def prepared_folder(data_digest: str, data_dir: Path) -> Path:
    """Return the folder of a prepared data set's arrays."""
    return data_dir / "prepared" / data_digest


def is_complete(folder: Path) -> bool:
    """Return whether a prepared data set is complete: its meta.json and every array, of the size recorded there."""
    try:
        sizes = json.loads((folder / META).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def lookup(
    name: str, parameters: Mapping[str, ParameterValue], version: str, record: Dataset, data_dir: Path
) -> PreparedInfo | None:
    """Return the facts about a data set that was prepared from its present files, else None.

    name: qualified.
    version: version of its plugin's distribution; a data set that declares neither files nor a path counts as
        unchanged as long as this version does not change.
    """
    try:
        noted = json.loads(_index_path(name, parameters, version, data_dir).read_text(encoding="utf-8"))
        if noted.pop("checksum") != digest(noted):  # an entry of earlier versions has none: its files are read again
            return None
        info, before = PreparedInfo.from_json(noted["info"]), noted["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    now = _fingerprint(file_states(record, parameters, data_dir))
    unchanged = now is not None and now == before
    return info if unchanged and is_complete(prepared_folder(info.digest, data_dir)) else None


def remember(
    name: str,
    parameters: Mapping[str, ParameterValue],
    version: str,
    files: FileStates | None,
    data_dir: Path,
    info: PreparedInfo,
) -> None:
    """Record in the index which arrays a data set was prepared as. files: the state of what it was read from."""
    path = _index_path(name, parameters, version, data_dir)
    content = {
        "name": name,
        "parameters": dict(parameters),
        "fingerprint": _fingerprint(files),
        "info": info.to_json(),
    }
    if files:
        replace_file(path.with_suffix(_FILES), json.dumps(files))
    replace_file(path, json.dumps(content | {"checksum": digest(content)}))


@dataclass(frozen=True)
class Snapshot:
    """A data set as it was prepared.

    info: the facts.
    files: the state of each file that it was read from, by its path; empty where it is unknown.
    """

    info: PreparedInfo
    files: Mapping[str, tuple[int, ...]]


def last_prepared(name: str, parameters: Mapping[str, ParameterValue], version: str, data_dir: Path) -> Snapshot | None:
    """Return a data set as it was last prepared, whatever its files are now; None if it was not, or that is unknown."""
    path = _index_path(name, parameters, version, data_dir)
    try:
        info = PreparedInfo.from_json(json.loads(path.read_text(encoding="utf-8"))["info"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    try:
        files = json.loads(path.with_suffix(_FILES).read_text(encoding="utf-8"))
        return Snapshot(info, {file: tuple(state) for file, *state in files})
    except (OSError, ValueError, TypeError):  # prepared by an earlier version
        return Snapshot(info, {})


@dataclass(frozen=True)
class IndexEntry:
    """A data set that was prepared.

    path: the file of the index that says so.
    name: qualified name of the data set; "" where the file cannot be read.
    parameters: the ones it was prepared with; None in entries of earlier versions.
    digest: names the folder of its arrays.
    """

    path: Path
    name: str
    parameters: Mapping[str, ParameterValue] | None
    digest: str


@dataclass(frozen=True)
class PreparedCopy:
    """A folder of prepared arrays.

    folder: its path.
    size: its bytes on the disk.
    entries: the data sets that use it; none where its source has changed since, or the index was lost.
    """

    folder: Path
    size: int
    entries: tuple[IndexEntry, ...]


def prepared_copies(data_dir: Path) -> tuple[PreparedCopy, ...]:
    """Return all prepared copies below the data folder, the largest first."""
    entries = [_read_entry(path) for path in sorted((data_dir / "prepared" / "index").glob("*.json"))]
    folders = [path.parent for path in (data_dir / "prepared").glob(f"*/{META}") if not path.parent.is_symlink()]
    copies = (
        PreparedCopy(
            folder,
            sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
            tuple(entry for entry in entries if entry.digest == folder.name),
        )
        for folder in folders
        if not folder.name.startswith(".")
    )
    return tuple(sorted(copies, key=lambda copy: (-copy.size, copy.folder.name)))


def _read_entry(path: Path) -> IndexEntry:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return IndexEntry(path, str(content["name"]), content.get("parameters"), str(content["info"]["digest"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return IndexEntry(path, "", None, "")


def remove_entry(entry: IndexEntry) -> None:
    """Forget that a data set was prepared."""
    entry.path.unlink(missing_ok=True)
    entry.path.with_suffix(_FILES).unlink(missing_ok=True)


def remove_copy(copy: PreparedCopy) -> None:
    """Remove a prepared copy; it is out of sight in one step, so that nobody reads a part of it.

    A process that has mapped its arrays keeps them; one that starts later prepares them again.
    """
    hidden = copy.folder.with_name(f".{copy.folder.name}.{os.getpid()}.removed")
    os.replace(copy.folder, hidden)
    shutil.rmtree(hidden)


def _index_path(name: str, parameters: Mapping[str, ParameterValue], version: str, data_dir: Path) -> Path:
    path = parameters.get("path")
    placed = {"path": os.path.abspath(at_home(path))} if isinstance(path, str) else {}  # not another one elsewhere
    key = digest([name, {**parameters, **placed}, version], 32)
    return data_dir / "prepared" / "index" / f"{key}.json"


def _fingerprint(files: FileStates | None) -> str | None:
    """Return a hash of the state of the files; "" where a data set has none, None where they do not exist."""
    return digest(files) if files else None if files is None else ""


def file_states(record: Dataset, parameters: Mapping[str, ParameterValue], data_dir: Path) -> FileStates | None:
    """Return the state of every file that a data set is read from: path, size, modification time; in order.

    Of the user's own files also inode and change time, which tell apart what programs make look the same. None where
    it declares files or a path and none exist; an empty list where it declares neither.
    """
    path = parameters.get("path")
    if not record.files and not isinstance(path, str):
        return []
    published = {file for pattern in record.files for file in data_dir.glob(pattern) if file.is_file()}
    states: list[list[str | int]] = [[str(file), *_state(file)[:2]] for file in published if _counts(file)]
    if isinstance(path, str):
        states += [[str(file), *_state(file)] for file in _walk(at_home(path).resolve()) if _counts(file)]
    return sorted(states) or None


def _counts(file: Path) -> bool:
    return not file.name.startswith(".")  # half-written files, and those of file managers


def _state(file: Path) -> tuple[int, int, int, int]:
    try:
        found = file.stat()
    except OSError:  # a broken link
        found = file.lstat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _walk(path: Path, above: tuple[tuple[int, int], ...] = ()) -> Iterator[Path]:
    """Yield all files below; links to folders are followed, but not into a folder that they are in."""
    if path.is_file():
        yield path
        return
    with contextlib.suppress(OSError):  # what cannot be listed is named by whoever reads it
        found = path.stat()
        here = (found.st_dev, found.st_ino)
        for inside in sorted(path.iterdir()) if here not in above else ():
            if inside.is_dir():
                yield from _walk(inside, (*above, here))
            else:
                yield inside
