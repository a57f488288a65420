"""Prepared data sets: read once by their factory, stored as raw arrays, mapped into memory by every worker."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from dlbench.components.image_data import ImageData
from dlbench.components.records import Dataset, ParameterValue
from dlbench.dataset_index import META, PreparedInfo, is_complete, prepared_folder, remember
from dlbench.engine.dataset_contract import check_contract, splits, to_image_data
from dlbench.errors import ContractError, DataError, DataMissingError, DlbenchError, describe_error
from dlbench.plugins.registry import Entry, Registry
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from dlbench.plugins.protocols import DatasetFactory

_UNUSABLE_FOLDER = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST}
)

Arrays = Mapping[str, NDArray[Any]]


def prepare(
    entry: Entry[Dataset], parameters: Mapping[str, ParameterValue], data_dir: Path, download: bool
) -> PreparedInfo:
    """Read a data set through its factory, check it, and store it as arrays below the data folder.

    Raises DataMissingError if its files are absent, DataError if they are corrupt or cannot be downloaded or the folder
    cannot be written, ContractError if the factory breaks its contract.
    """
    record, data = _read_checked(entry, parameters, data_dir, download)
    try:
        info = store(data, data_dir)
        remember(entry.name, parameters, entry.plugin.version, record, data_dir, info)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return info


def store(data: ImageData, data_dir: Path) -> PreparedInfo:
    """Store a data set as arrays below the data folder, where `load` finds it by its digest."""
    arrays = _arrays(data)
    info = _describe(arrays, tuple(data.class_names))
    _write(arrays, info, data_dir)
    return info


def verify(
    entry: Entry[Dataset], parameters: Mapping[str, ParameterValue], data_dir: Path
) -> tuple[PreparedInfo, bool]:
    """Read a data set's files again, with all their checks, and compare the prepared arrays with them byte for byte.

    Arrays that differ are replaced. Returns what is known of the data set, and whether they differed. Raises as
    `prepare` does.
    """
    _, data = _read_checked(entry, parameters, data_dir, download=False)
    info = _describe(_arrays(data), tuple(data.class_names))
    folder = prepared_folder(info.digest, data_dir)
    damaged = folder.exists() and not _is_whole(folder)
    return prepare(entry, parameters, data_dir, download=False), damaged


def _is_whole(folder: Path) -> bool:
    """Return whether a folder has the arrays that its name is the digest of; a process reads unchanged files once."""
    try:
        states = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    except OSError:
        return False
    known = tuple((name, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for name, at in states)
    return is_complete(folder) and _has_its_digest(folder, known)


@lru_cache(maxsize=64)
def _has_its_digest(folder: Path, _states: tuple[tuple[str | int, ...], ...]) -> bool:
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        arrays = {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in meta["files"]}
        noted = PreparedInfo.from_json(meta["info"])
        return noted == _describe(arrays, noted.class_names) and noted.digest == folder.name
    except Exception:  # damaged files raise errors of many kinds
        return False


def _read_checked(
    entry: Entry[Dataset], parameters: Mapping[str, ParameterValue], data_dir: Path, download: bool
) -> tuple[Dataset, ImageData]:
    """Return what a data set's factory reads, checked against its contract."""
    record = entry.record
    try:
        data = _read(record, parameters, data_dir, download)
        check_contract(data, record)
    except ContractError as error:
        raise _with_owner(error, entry, parameters) from error
    return record, data


def _arrays(data: ImageData) -> Arrays:
    """Return the arrays of a data set by the names of their files."""
    return {
        f"{split}_{kind}": np.ascontiguousarray(array)
        for split, pair in splits(data).items()
        for kind, array in zip(("images", "labels"), pair, strict=True)
    }


def load(data_digest: str, data_dir: Path) -> ImageData:
    """Map a prepared data set into memory: pages are shared between processes, and writing changes a private copy.

    Raises DataError if it is missing, or has not the digest that it was planned with.
    """
    folder = prepared_folder(data_digest, data_dir)
    if not _is_whole(folder):
        state = "damaged" if is_complete(folder) else "missing or incomplete"
        raise DataError(f"The prepared data set {folder} is {state}.", "Run the same command again.")
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    arrays = {Path(name).stem: np.load(folder / name, mmap_mode="c") for name in meta["files"]}
    return ImageData(**arrays, class_names=tuple(meta["info"]["class_names"]))


def load_for_trial(
    trial: Trial, data_dir: Path, registry: Registry, note: Callable[[str], None] = lambda text: None
) -> ImageData:
    """Return a trial's data set by its digest, preparing it if it is not in this data folder, or damaged there.

    note: called with a sentence if it was damaged. Raises DataError if the prepared data set has another digest than
    the planned one, or is damaged and cannot be prepared again.
    """
    try:
        return load(trial.dataset_digest, data_dir)
    except DataError as error:
        found = error
    entry = registry.get(Dataset, trial.dataset.name)
    try:
        info = prepare(entry, trial.dataset.parameters, data_dir, download=False)
    except DataError as error:
        if not prepared_folder(trial.dataset_digest, data_dir).exists():
            raise
        raise DataError(f"{found.message} It cannot be prepared again: {error.message}", error.hint) from error
    if found.message.endswith("damaged."):
        note(f"{found.message} It has been prepared again")
    if info.digest != trial.dataset_digest:
        raise DataError(
            f"{trial.dataset.name} in {data_dir} is not the data set that was planned with.",
            f"Expected the digest {trial.dataset_digest}, found {info.digest}.",
        )
    return load(info.digest, data_dir)


def _read(record: Dataset, parameters: Mapping[str, ParameterValue], data_dir: Path, download: bool) -> ImageData:
    try:
        factory: DatasetFactory = resolve_name(record.factory)
        return to_image_data(factory(data_dir, download, **parameters), record)
    except DlbenchError:
        raise
    except FileNotFoundError as error:
        message = f"The data set {record.name} is not on disk: {error}"
        raise DataMissingError(message, _remedy(record, data_dir, download)) from error
    except MemoryError as error:
        message = f"The data set {record.name} needs more memory than is free: {describe_error(error)}"
        raise DataError(message, "Use fewer or smaller images.") from error
    except ValueError as error:
        problem, _, remedy = str(error).partition("\n")
        message = f"The data set {record.name} cannot be read: {problem}"
        raise DataError(message, remedy or _advice(record)) from error
    except (OSError, RuntimeError) as error:  # torchvision's data sets raise RuntimeError if files are absent
        if isinstance(error, OSError) and error.errno in _UNUSABLE_FOLDER:
            raise _unusable(data_dir, error) from error
        verb = "downloaded" if download else "read"
        message = f"The data set {record.name} could not be {verb}: {error}"
        raise DataError(message, _remedy(record, data_dir, download)) from error
    except Exception as error:
        raise ContractError(f"The data set {record.name} raised {describe_error(error)}") from error


def _remedy(record: Dataset, data_dir: Path, download: bool) -> str:
    if not record.files:
        return "Check the path and its content."
    by_hand = f"put its files ({', '.join(record.files)}) below {data_dir}"
    if record.homepage:
        by_hand += f"; its publisher is {record.homepage}"
    if download:
        return f"A download failed. To use the data set, {by_hand}."
    if not record.download_bytes:
        return f"To use it, {by_hand}."
    size = f"{record.download_bytes / 1e6:,.0f} MB"
    return f"No download was tried. Type `dlbench data fetch {record.name}` ({size}), or {by_hand}."


def _advice(record: Dataset) -> str:
    if not record.download_bytes:
        return ""
    return f"If a file is damaged, delete it and type `dlbench data fetch {record.name}`."


def _with_owner(error: ContractError, entry: Entry[Dataset], parameters: Mapping[str, ParameterValue]) -> DlbenchError:
    """Return a breach of contract with its owner: the user's file where the data set reads one, else the plugin."""
    plugin, path = entry.plugin, parameters.get("path")
    owner = f"the plugin {plugin.name} ({plugin.distribution} {plugin.version})"
    if isinstance(path, str):
        return DataError(error.message, f"Check {path}. If it is as {owner} expects it, this is a bug there.")
    return ContractError(error.message, f"This is a bug in {owner}: update it.")


def _unusable(data_dir: Path, error: OSError) -> DataError:
    return DataError(
        f"The data folder {data_dir} cannot be used: {error}.",
        "Choose another with --data-dir or DLBENCH_DATA_DIR.",
    )


def _describe(arrays: Arrays, class_names: tuple[str, ...]) -> PreparedInfo:
    """Return what is known of the arrays; the digest covers their names, types, shapes and bytes."""
    content = hashlib.sha256(json.dumps(class_names).encode())
    for name, array in sorted(arrays.items()):
        content.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        content.update(array.data)
    channels, height, width = arrays["train_images"].shape[1:]
    return PreparedInfo(
        digest=content.hexdigest()[:32],
        input_shape=(channels, height, width),
        num_classes=len(class_names),
        train_size=len(arrays["train_labels"]),
        test_size=len(arrays["test_labels"]),
        validation_size=len(arrays.get("validation_labels", ())),
        class_names=class_names,
    )


def _write(arrays: Arrays, info: PreparedInfo, data_dir: Path) -> None:
    """Write the arrays into a temporary folder and rename it: the first writer wins, and nobody sees a partial one."""
    folder = prepared_folder(info.digest, data_dir)
    if _is_whole(folder):
        return
    partial = folder.with_name(f".{info.digest}.{uuid4().hex}")
    try:
        partial.mkdir(parents=True)
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array)
        files = {f"{name}.npy": (partial / f"{name}.npy").stat().st_size for name in arrays}
        (partial / META).write_text(json.dumps({"info": info.to_json(), "files": files}), encoding="utf-8")
        _put_in_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, folder: Path) -> None:
    if folder.exists() and not _is_whole(folder):
        aside = partial.with_name(f"{partial.name}.damaged")
        with contextlib.suppress(FileNotFoundError):  # another process was first
            os.replace(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        os.replace(partial, folder)
    except OSError:
        if not _is_whole(folder):
            raise
