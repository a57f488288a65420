"""Files that are whole or as they were: replaced in one step, appended to in one write."""

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError


@contextlib.contextmanager
def writing_to(path: Path, remedy: str) -> Iterator[None]:
    """Turn an operating system's refusal to write into a DlbenchError that names the place."""
    try:
        yield
    except OSError as error:
        raise DlbenchError(f"{path} cannot be written: {error.strerror or error}.", remedy) from error


def writing(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Do the same for a run folder."""
    return writing_to(folder, "Choose another folder with --results-dir, or set DLBENCH_RESULTS_DIR.")


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file under another name beside its place, then put it there: readers see the old or the new one."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def append(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Append data in one write, wholly or not at all. sync: only return once it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def strict_json(content: Any) -> str:
    """Return JSON that every reader takes: NaN and the infinities, which JSON has not, become null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(content: Any) -> Any:
    match content:
        case float():
            return content if math.isfinite(content) else None
        case Mapping():
            return {key: _finite(value) for key, value in content.items()}
        case list() | tuple():
            return [_finite(value) for value in content]
    return content
