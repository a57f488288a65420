"""Prepared data sets as the parent sees them: what is known about one, and whether it still holds.

A data set is read from its files once and kept as raw arrays below DATA_DIR/prepared/<digest>/; an index beside them
says which data set, with which parameters and from which files, gave which digest.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlbench.components.records import Dataset, ParameterValue
from dlbench.files import replace_file
from dlbench.trials.identity import digest

META = "meta.json"


@dataclass(frozen=True, kw_only=True)
class PreparedInfo:
    """What a plan needs to know of a prepared data set. validation_size: 0 where it has no split of its own."""

    digest: str
    input_shape: tuple[int, int, int]
    num_classes: int
    train_size: int
    test_size: int
    validation_size: int
    class_names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "PreparedInfo":
        """Read it back from JSON content."""
        known = dict(content)
        channels, height, width = known["input_shape"]
        return cls(**known | {"input_shape": (channels, height, width), "class_names": tuple(known["class_names"])})


def prepared_folder(data_digest: str, data_dir: Path) -> Path:
    """Return the folder in which the arrays of a prepared data set lie."""
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
    """Return what is known of a data set that was prepared from the files that are there now, else None.

    name: qualified. version: that of the distribution its plugin came in; a data set that declares neither files nor a
    path is trusted for as long as that stays.
    """
    try:
        noted = json.loads(_index_path(name, parameters, version, data_dir).read_text(encoding="utf-8"))
        info, before = PreparedInfo.from_json(noted["info"]), noted["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    now = fingerprint(record, parameters, data_dir)
    unchanged = now is not None and now == before
    return info if unchanged and is_complete(prepared_folder(info.digest, data_dir)) else None


def remember(
    name: str,
    parameters: Mapping[str, ParameterValue],
    version: str,
    record: Dataset,
    data_dir: Path,
    info: PreparedInfo,
) -> None:
    """Note in the index which arrays a data set was prepared as."""
    path = _index_path(name, parameters, version, data_dir)
    content = {"name": name, "fingerprint": fingerprint(record, parameters, data_dir), "info": info.to_json()}
    replace_file(path, json.dumps(content))


def _index_path(name: str, parameters: Mapping[str, ParameterValue], version: str, data_dir: Path) -> Path:
    key = digest([name, dict(parameters), version], 32)
    return data_dir / "prepared" / "index" / f"{key}.json"


def fingerprint(record: Dataset, parameters: Mapping[str, ParameterValue], data_dir: Path) -> str | None:
    """Return a hash of path, size and time of change of every file a data set is read from.

    None where it declares files or a path and none are there; "" where it declares neither.
    """
    path = parameters.get("path")
    if not record.files and not isinstance(path, str):
        return ""
    files = {file for pattern in record.files for file in data_dir.glob(pattern) if file.is_file()}
    if isinstance(path, str):
        files.update(_walk(Path(path).expanduser().resolve()))
    states = [
        [str(file), (state := file.stat()).st_size, state.st_mtime_ns]
        for file in sorted(files)
        if not file.name.startswith(".")  # half-made files, and what file managers leave
    ]
    return digest(states) if states else None


def _walk(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)
