"""The files of published data sets: fetch them, put them in place whole, check what is in them."""

import hashlib
import os
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen
from uuid import uuid4

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Seconds without an answer after which an address counts as dead.
TIMEOUT = 30


def fetch(addresses: Sequence[str], md5: str) -> bytes:
    """Download a file from the first address that has it with the publisher's MD5.

    Raises OSError, naming every address tried and why it was given up.
    """
    # torchvision's own download has no time limit and writes under the final name from the first byte on.
    failures = []
    for address in addresses:
        try:
            with urlopen(Request(address, headers={"User-Agent": "dlbench"}), timeout=TIMEOUT) as response:
                content: bytes = response.read()
        except (OSError, HTTPException) as error:
            failures.append(f"{address} ({error})")
            continue
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found == md5:
            return content
        failures.append(f"{address} (expected MD5 {md5}, found {found})")
    raise OSError(f"tried {', then '.join(failures)}")


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
