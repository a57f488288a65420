"""One line about a run: its progress, what it compares, when it started, its size."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import as_argument
from dlbench.runs.manifest import Manifest
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A run in the list of runs.

    planned, done, failed: numbers of trials.
    problem: why the rest could not be read, or "".
    """

    name: str
    planned: int = 0
    done: int = 0
    failed: int = 0
    variants: int = 0
    seeds: int = 0
    dataset: str = ""
    started: str = ""
    size_bytes: int = 0
    problem: str = ""


def overview(path: Path) -> Overview:
    """Return the overview of a run folder; damage is described in it, not raised."""
    size = _size(path)
    try:
        folder = RunFolder(path)
    except (DlbenchError, OSError) as error:
        why = error.message if isinstance(error, DlbenchError) else f"{error}."
        return Overview(name=path.name, size_bytes=size, problem=f"unreadable: {why} {_doctor(path)}")
    manifest = folder.manifest
    records = folder.all_planned if manifest else folder.records
    done = sum(record.status in COMPLETED for record in records)
    failed = len(records) - done
    if manifest is None:
        return Overview(
            name=path.name,
            done=done,
            failed=failed,
            size_bytes=size,
            problem=f"It has no manifest.json. {_doctor(path)}",
        )
    return Overview(
        name=path.name,
        planned=manifest.planned,
        done=done,
        failed=failed,
        variants=len(manifest.plan.variants),
        seeds=len(manifest.plan.seeds),
        dataset=_dataset(manifest, records),
        started=str(manifest.sessions[0].get("started", "")) if manifest.sessions else "",
        size_bytes=size,
    )


def _size(path: Path) -> int:
    try:
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    except OSError:  # it is being removed
        return 0


def _doctor(path: Path) -> str:
    return f"Type `dlbench results doctor {as_argument(path)}`."


def _dataset(manifest: Manifest, records: Iterable[TrialRecord]) -> str:
    fixed = manifest.plan.fixed.get("dataset")
    found = [fixed] if fixed else [record.trial.dataset.text for record in records]
    return ", ".join(dict.fromkeys(text.partition("/")[2] or text for text in found))
