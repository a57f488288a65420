"""Prepared data sets: read once by their factory, stored as raw arrays, mapped into memory by every worker."""

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from dlbench.components.image_data import ImageData, StreamedData
from dlbench.components.records import Dataset, ParameterValue
from dlbench.dataset_index import META, PreparedInfo, file_states, is_complete, prepared_folder, remember
from dlbench.engine.dataset_contract import check_contract, to_image_data
from dlbench.engine.overlap import overlap_notes
from dlbench.engine.prepared_files import Report, describe_arrays, write_arrays
from dlbench.errors import ContractError, DataError, DataMissingError, DlbenchError, describe_error
from dlbench.plugins.registry import Entry, Registry
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from dlbench.plugins.protocols import DatasetFactory

_ABANDONED_AFTER = 2 * 24 * 3600  # seconds; the longest that a preparation may go without writing
_UNUSABLE_FOLDER = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST}
)


def prepare(
    entry: Entry[Dataset],
    parameters: Mapping[str, ParameterValue],
    data_dir: Path,
    download: bool,
    report: Report = lambda done, total: None,
) -> PreparedInfo:
    """Read a data set through its factory, check it, and store it as arrays below the data folder.

    report: called with the number of images that are stored, and of all. Raises DataMissingError if its files are
    absent, DataError if they are corrupt or cannot be downloaded or the folder cannot be written, ContractError if the
    factory breaks its contract.
    """
    return _prepare(entry, parameters, data_dir, download, report)[0]


def verify(
    entry: Entry[Dataset], parameters: Mapping[str, ParameterValue], data_dir: Path
) -> tuple[PreparedInfo, bool]:
    """Read a data set's files again, with all their checks, and compare the prepared arrays with them byte for byte.

    Arrays that differ are replaced. Returns what is known of the data set, and whether they differed. Raises as
    `prepare` does.
    """
    return _prepare(entry, parameters, data_dir, False, lambda done, total: None)


def _prepare(
    entry: Entry[Dataset], parameters: Mapping[str, ParameterValue], data_dir: Path, download: bool, report: Report
) -> tuple[PreparedInfo, bool]:
    """Return what is known of the data set, and whether a copy of it was there and damaged."""
    record = entry.record
    own = isinstance(parameters.get("path"), str)
    before = file_states(record, parameters, data_dir) if own else None
    with _errors_of(record, data_dir, download, lambda error: _with_owner(error, entry, parameters)):
        factory: DatasetFactory = resolve_name(record.factory)
        data = to_image_data(factory(data_dir, download, **parameters), record)
        check_contract(data, record)
        info, damaged = _store(data, data_dir, report)
    try:
        # The user's files as they were before reading: what changes meanwhile is read again.
        files = before if own else file_states(record, parameters, data_dir)
        remember(entry.name, parameters, entry.plugin.version, files, data_dir, info)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return info, damaged


def store(data: ImageData | StreamedData, data_dir: Path) -> PreparedInfo:
    """Store a data set as arrays below the data folder, where `load` finds it by its digest."""
    return _store(data, data_dir, lambda done, total: None)[0]


def _store(data: ImageData | StreamedData, data_dir: Path, report: Report) -> tuple[PreparedInfo, bool]:
    """Write into a temporary folder and rename it: the first writer wins, and nobody sees a partial one.

    Returns what is known of the data set, and whether a copy of it was there and damaged.
    """
    partial = data_dir / "prepared" / f".{uuid4().hex}"
    _remove_abandoned(partial.parent)
    try:
        partial.mkdir(parents=True)
        write_arrays(data, partial, report)
        notes = tuple(data.notes() if isinstance(data, StreamedData) else data.notes)
        info = replace(describe_arrays(partial, tuple(data.class_names)), notes=notes + overlap_notes(partial))
        files = {path.name: path.stat().st_size for path in sorted(partial.iterdir())}
        (partial / META).write_text(json.dumps({"info": info.to_json(), "files": files}), encoding="utf-8")
        return info, _put_in_place(partial, prepared_folder(info.digest, data_dir))
    except OSError as error:
        raise _unusable(data_dir, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):  # what else is there stays
            partial.parent.rmdir()


def _remove_abandoned(prepared: Path) -> None:
    """Remove what a killed process was writing: nothing in it has changed for days."""
    for partial in prepared.glob(".*"):
        with contextlib.suppress(OSError):
            changed = max(path.stat().st_mtime for path in (partial, *partial.iterdir()))
            if time.time() - changed > _ABANDONED_AFTER:
                shutil.rmtree(partial, ignore_errors=True)


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
        noted = PreparedInfo.from_json(meta["info"])
        return noted.digest == folder.name and noted.same_arrays(describe_arrays(folder, noted.class_names))
    except Exception:  # damaged files raise errors of many kinds
        return False


class DamagedError(DataError):
    """A prepared data set is there, and its arrays are not what they were."""


def load(data_digest: str, data_dir: Path) -> ImageData:
    """Map a prepared data set into memory: pages are shared between processes, and writing changes a private copy.

    Raises DataError if it is missing, or has not the digest that it was planned with.
    """
    folder = prepared_folder(data_digest, data_dir)
    if not _is_whole(folder):
        kind, state = (DamagedError, "damaged") if is_complete(folder) else (DataError, "missing or incomplete")
        raise kind(f"The prepared data set {folder} is {state}.", "Run the same command again.")
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
    if isinstance(found, DamagedError):
        note(f"{found.message} It has been prepared again")
    if info.digest != trial.dataset_digest:
        raise DataError(
            f"{trial.dataset.name} in {data_dir} is not the data set that was planned with.",
            f"Expected the digest {trial.dataset_digest}, found {info.digest}.",
        )
    return load(info.digest, data_dir)


@contextlib.contextmanager
def _errors_of(
    record: Dataset, data_dir: Path, download: bool, with_owner: Callable[[ContractError], DlbenchError]
) -> Iterator[None]:
    """Turn what reading raises into errors for people. with_owner: says whose fault a breach of contract is."""
    try:
        with _errors_in_words(record, data_dir, download):
            yield
    except ContractError as error:
        raise with_owner(error) from error


@contextlib.contextmanager
def _errors_in_words(record: Dataset, data_dir: Path, download: bool) -> Iterator[None]:
    try:
        yield
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
    except PermissionError as error:
        if not (error.filename and os.path.isfile(error.filename)):
            raise _unusable(data_dir, error) from error
        message = f"The data set {record.name} cannot be read: {error.filename}: {error.strerror}"
        raise DataError(message, "Check the permissions of the file.") from error
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
    remedy = f"Correct {plugin.distribution}." if plugin.is_user_code else f"This is a bug in {owner}: update it."
    return ContractError(error.message, remedy)


def _unusable(data_dir: Path, error: OSError) -> DataError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    elsewhere = "hoose another with --data-dir or DLBENCH_DATA_DIR."
    return DataError(
        f"The data folder {data_dir} cannot be used: {error}.",
        f"Make room there, or c{elsewhere}" if full else f"C{elsewhere}",
    )


def _put_in_place(partial: Path, folder: Path) -> bool:
    """Rename the folder unless a whole one is there; return whether a damaged one was."""
    damaged = folder.exists() and not _is_whole(folder)
    if damaged:
        aside = partial.with_name(f"{partial.name}.damaged")
        with contextlib.suppress(FileNotFoundError):  # another process was first
            os.replace(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        os.replace(partial, folder)
    except OSError:
        if not _is_whole(folder):
            raise
    return damaged
