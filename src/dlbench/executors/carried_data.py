"""Prepared data sets that travel to nodes without them: their arrays as bytes, by the digest of the data set."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from dlbench.dataset_index import is_complete, prepared_folder
from dlbench.errors import DataError
from dlbench.trials.work_unit import WorkUnit

#: Larger data sets are prepared on the node.
LARGEST_BYTES = 64 * 2**20
Arrays = Mapping[str, Mapping[str, bytes]]


def pack_data(unit: WorkUnit, data_dir: Path, most_bytes: int = LARGEST_BYTES) -> Arrays:
    """Return the files of a unit's prepared data sets, by digest and name; those with more bytes are left out."""
    digests = dict.fromkeys(trial.dataset_digest for trial in unit.trials)
    folders = {digest: prepared_folder(digest, data_dir) for digest in digests}
    files = {digest: sorted(folder.iterdir()) for digest, folder in folders.items() if is_complete(folder)}
    return {
        digest: {path.name: path.read_bytes() for path in paths}
        for digest, paths in files.items()
        if sum(path.stat().st_size for path in paths) <= most_bytes
    }


def unpack_data(data: Arrays, data_dir: Path) -> None:
    """Put data sets that pack_data() returned where a trial finds them, unless they are there.

    What is in them is checked against the digest when a trial reads it.
    """
    for digest, files in data.items():
        folder = prepared_folder(digest, data_dir)
        if any(Path(name).name != name for name in (digest, *files)):
            raise DataError(f"{digest} is no data set that dlbench has packed.")
        if is_complete(folder):
            continue
        partial = folder.with_name(f".{uuid4().hex}")
        try:
            partial.mkdir(parents=True)
            for name, content in files.items():
                (partial / name).write_bytes(content)
            _put_in_place(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, folder: Path) -> None:
    """Rename a folder, unless another process was first."""
    try:
        os.replace(partial, folder)
    except OSError:
        if not is_complete(folder):
            raise
