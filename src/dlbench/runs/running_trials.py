"""What the sessions of a run folder train now: a small file beside each journal, for whoever watches.

Epochs of a trial come to the journal with its record, once it has ended. Until then they are in this file, which is
replaced as a whole at most twice a second, is no part of the results, and goes with its session.
"""

import contextlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dlbench.components.shapes import as_list, as_numbers, as_table, as_text, as_whole, as_wholes
from dlbench.files import remove_file, replace_file
from dlbench.runs.journal import FOLDER
from dlbench.runs.peers import LIVE, RUNNING, Peer

#: The metrics of epochs that the file has.
METRICS = ("train_loss", "validation_loss", "validation_accuracy")
#: Epochs of a trial that the file has at most: of a longer one, every other is left out, again and again.
_MOST_EPOCHS = 400


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """A trial that a session trains now.

    label: of its variant.
    epochs: the number of epochs planned.
    at: the epochs that have ended, as far as they are kept.
    curves: METRICS at these epochs, by name; NaN where an epoch lacks one.
    """

    trial_id: str
    label: str
    seed: int
    epochs: int
    at: tuple[int, ...] = ()
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def after(self, epoch: int, metrics: Mapping[str, float | int | None]) -> "RunningTrial":
        """Return the trial after one more epoch."""
        at = (*self.at, epoch)
        lacking = (math.nan,) * len(self.at)
        curves = {name: (*self.curves.get(name, lacking), _number(metrics.get(name))) for name in METRICS}
        if len(at) > _MOST_EPOCHS:
            at, curves = at[::2], {name: values[::2] for name, values in curves.items()}
        return replace(self, at=at, curves=curves)

    @property
    def epoch(self) -> int:
        """Return the last epoch that has ended, 0 before the first."""
        return self.at[-1] if self.at else 0


def _number(value: float | int | None) -> float:
    return math.nan if value is None else float(f"{value:.6g}")


def write_running(folder: Path, session: str, trials: Sequence[RunningTrial]) -> None:
    """Replace the file of an active session; without trials, there is none. Raises OSError."""
    path = _path(folder, session)
    if not trials:
        remove_file(path)
    elif path.with_suffix(LIVE).exists():  # else the folder, or the session, is gone
        content = json.dumps({"trials": [_to_json(trial) for trial in trials]}, separators=(",", ":"))
        replace_file(path, content, parents=False)


def read_running(folder: Path, sessions: Iterable[Peer]) -> tuple[RunningTrial, ...]:
    """Return what active sessions train now; a file that cannot be read has nothing to show."""
    found: list[RunningTrial] = []
    for session in sessions:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            content = as_table(json.loads(_path(folder, session.session).read_bytes()), "the file")
            found += map(_from_json, as_list(content.get("trials"), "its trials"))
    return tuple(found)


def _path(folder: Path, session: str) -> Path:
    return folder / FOLDER / f".{session}{RUNNING}"


def _to_json(trial: RunningTrial) -> dict[str, Any]:
    known = {"trial_id": trial.trial_id, "label": trial.label, "seed": trial.seed, "epochs": trial.epochs}
    curves = {name: [value if math.isfinite(value) else None for value in row] for name, row in trial.curves.items()}
    return known | {"at": trial.at, "curves": curves}


def _from_json(content: object) -> RunningTrial:
    known = as_table(content, "a trial")
    curves = as_table(known.get("curves"), "its curves")
    at = as_wholes(known.get("at"), "its epochs", least=1)
    found = {name: _numbers(values, name) for name, values in curves.items() if name in METRICS}
    return RunningTrial(
        trial_id=as_text(known.get("trial_id"), "its identity"),
        label=as_text(known.get("label"), "its label"),
        seed=as_whole(known.get("seed"), "its seed"),
        epochs=as_whole(known.get("epochs"), "its epochs", least=0),
        at=at,
        curves={name: values for name, values in found.items() if len(values) == len(at)},
    )


def _numbers(values: object, name: str) -> tuple[float, ...]:
    return as_numbers([math.nan if value is None else value for value in as_list(values, name)], name)
