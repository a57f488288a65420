"""The files of published data sets: fetch them, put them in place whole, check what is in them."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Seconds without an answer after which an address counts as dead.
TIMEOUT = 30
#: How often a download that was cut short is taken up again before its address is given up.
ATTEMPTS = 4
#: Bytes; the files that are downloaded have a fifth of them.
LARGEST = 1_000_000_000
_CHUNK = 1 << 20
_NO_SUCH_RANGE = 416
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS})


class IncompleteDownloadError(OSError):
    """A connection ended before all had come."""


def fetch(
    addresses: Sequence[str], md5: str, folder: Path, is_there: Callable[[], bool], keep: Callable[[bytes], None]
) -> None:
    """Download a file from the first address that has it with the publisher's MD5, and keep it.

    folder: where what has arrived is kept until all has, so that a download that was cut short, or a process that was
    ended, continues there. is_there: whether what `keep` writes is there, which another process may have fetched while
    this one waited for it. Raises OSError, naming every address tried and why it failed.
    """
    # torchvision's own download has no time limit and writes under the final name from the first byte on.
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{md5}.download"
    failures = []
    with _alone(folder / f".{md5}.lock"):
        if is_there():
            return
        for address in addresses:
            failure = _download(address, md5, partial)
            if not failure:
                keep(partial.read_bytes())
                partial.unlink()
                return
            failures.append(f"{address} ({failure})")
    raise OSError(f"tried {', then '.join(failures)}")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, so that two processes do not download the same file; a file system without locks goes without.

    The library's substitute, a file that exists, would outlive a process that is killed, and block all later ones.
    """
    from filelock import FileLock

    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def _download(address: str, md5: str, partial: Path) -> str:
    """Add to a partial file what it lacks; return "" if it is whole then, else why it is not.

    What was cut short stays for the next time; what is whole and wrong does not.
    """
    failure = ""
    for _ in range(ATTEMPTS):
        start = partial.stat().st_size if partial.exists() else 0
        try:
            if not start or _md5(partial) != md5:
                _receive(address, partial, start)
        except IncompleteDownloadError as error:
            failure = str(error)
            continue
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise
            if not (start and isinstance(error, HTTPError) and error.code == _NO_SUCH_RANGE):
                return str(error) or type(error).__name__
        if (found := _md5(partial)) == md5:
            return ""
        partial.unlink()
        failure = f"expected MD5 {md5}, found {found}"
        if not start:
            return failure  # otherwise the beginning may have been of something else: once more, from there
    return failure


def _receive(address: str, partial: Path, start: int) -> None:
    """Ask for what comes after the first bytes of a file, and append it as it comes; for all, where that is not had."""
    headers = {"User-Agent": "dlbench"} | ({"Range": f"bytes={start}-"} if start else {})
    with urlopen(Request(address, headers=headers), timeout=TIMEOUT) as response:
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        expected, came = response.headers.get("Content-Length"), 0
        with partial.open("ab" if goes_on else "wb") as file:
            try:
                while chunk := response.read(_CHUNK):
                    came += len(chunk)
                    if start + came > LARGEST:
                        raise OSError(f"more than {LARGEST:,} bytes came, the limit for a file")
                    file.write(chunk)
            except (IncompleteRead, ConnectionError, TimeoutError) as error:
                raise IncompleteDownloadError(f"the connection ended after {came:,} bytes: {error}") from error
    if expected and expected.isdigit() and came < int(expected):
        raise IncompleteDownloadError(f"the connection ended after {came:,} of {int(expected):,} bytes")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def place(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check(path: Path, content: bytes, size: int, sha256: str = "") -> None:
    """Raise ValueError unless a file's content has the size in bytes and, where it is known, the SHA-256."""
    found = hashlib.sha256(content).hexdigest() if sha256 else ""
    if (len(content), found) != (size, sha256):
        raise ValueError(
            f"{path} is corrupt or truncated: expected {_describe(size, sha256)}, "
            f"found {_describe(len(content), found)}."
        )


def _describe(size: int, sha256: str) -> str:
    return f"{size:,} bytes with SHA-256 {sha256}" if sha256 else f"{size:,} bytes"


def read_labels(path: Path, labels: "NDArray[np.uint8]", num_classes: int) -> "NDArray[np.int64]":
    """Return the labels of a file as int64; one beyond the classes is a ValueError."""
    if labels.size and labels.max() >= num_classes:
        raise ValueError(f"{path} is corrupt: expected labels from 0 to {num_classes - 1}, found {labels.max()}.")
    return labels.astype("int64")
