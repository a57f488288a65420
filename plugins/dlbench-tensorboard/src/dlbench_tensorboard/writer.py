"""Event files: one folder a trial below the run's name, written with TensorBoard's own library."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from dlbench import Manifest, Trial, TrialRecord

#: Ends the names of the files that this plugin writes, and may replace.
SUFFIX = ".dlbench"
_FLUSH_SECONDS = 5
_ANSWERED = ("done", "diverged")
_NO_CURVE = ("epoch",)
_NO_HYPERPARAMETER = ("seed", "dataset_digest")


class RunWriter:
    """Writes the trials of one run at a time into folders <run>/<variant>/seed-<seed>."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._run = "run"
        self._labels: Mapping[str, str] = {}
        self._open: dict[str, EventFileWriter] = {}
        self._steps: dict[str, set[int]] = {}

    def start(self, manifest: Manifest) -> None:
        """Begin a run: its name is the folder's, the labels of its variants are those of the screens."""
        self._run = manifest.name
        self._labels = {variant["variant_id"]: variant["label"] for variant in manifest.plan["variants"]}

    def folder(self, trial: Trial) -> Path:
        """Return the folder of a trial's events."""
        return self._root / self._run / self._label(trial).replace("/", "-") / f"seed-{trial.seed}"

    def _label(self, trial: Trial) -> str:
        """Return what a trial is called: its variant's label, with the source of randomness that it alone varies."""
        usual = self._labels.get(replace(trial, stream_seeds={}).variant_id)
        return self._labels.get(trial.variant_id) or (
            f"{usual} {trial.row()['stream_seeds']}" if usual else trial.variant_id
        )

    def add_epoch(self, trial: Trial, metrics: Mapping[str, float]) -> None:
        """Add a point to each curve; the step is the epoch, from 1."""
        step = int(metrics["epoch"])
        self._steps.setdefault(trial.trial_id, set()).add(step)
        for name, value in metrics.items():
            if name not in _NO_CURVE and isinstance(value, int | float):
                self._add(trial, scalar_pb(name, value), step)

    def finish(self, record: TrialRecord) -> None:
        """Add the final figures under final/, and the end of the session that the HParams page lists."""
        self._complete(record)
        figures = {**record.metrics, **record.cost}
        for name, value in figures.items():
            if isinstance(value, int | float):
                self._add(record.trial, scalar_pb(f"final/{name}", value), int(figures.get("epochs_run") or 0))
        self._add(record.trial, _session_end(record.status in _ANSWERED), 0)
        self._open.pop(record.trial_id).close()

    def _complete(self, record: TrialRecord) -> None:
        """Write the curves again where this session saw only a part: the trial was resumed from a checkpoint."""
        seen = self._steps.pop(record.trial_id, set())
        if seen >= {int(row["epoch"] or 0) for row in record.epochs}:
            return
        if record.trial_id in self._open:
            self._open.pop(record.trial_id).close()
        for row in record.epochs:
            self.add_epoch(record.trial, {name: value for name, value in row.items() if value is not None})
        del self._steps[record.trial_id]

    def _add(self, trial: Trial, summary: Summary, step: int) -> None:
        if trial.trial_id not in self._open:
            self._open[trial.trial_id] = self._begin(trial)
        self._open[trial.trial_id].add_event(Event(wall_time=time.time(), step=step, summary=summary))

    def _begin(self, trial: Trial) -> EventFileWriter:
        """Open a trial's file. It replaces those of earlier attempts, unless it goes on where one of them stopped."""
        folder = self.folder(trial)
        resumed = min(self._steps.get(trial.trial_id, {1}), default=1) > 1
        for old in [] if resumed else folder.glob(f"events.out.tfevents.*{SUFFIX}"):
            old.unlink()
        writer = EventFileWriter(str(folder), flush_secs=_FLUSH_SECONDS, filename_suffix=SUFFIX)
        # All seeds of a variant share a trial_id, so that TensorBoard shows them as one group.
        session = summary_v2.hparams_pb(hyperparameters(trial), trial_id=trial.variant_id)
        writer.add_event(Event(wall_time=time.time(), step=0, summary=session))
        return writer


def hyperparameters(trial: Trial) -> dict[str, bool | int | float | str]:
    """Return the components and settings of a trial in the types that TensorBoard knows."""
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in trial.row().items()
        if value is not None and name not in _NO_HYPERPARAMETER
    }


def _session_end(succeeded: bool) -> Summary:
    status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    content = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=end))
    summary = Summary()
    summary.value.add(tag=metadata.SESSION_END_INFO_TAG, metadata=content, tensor=metadata.NULL_TENSOR)
    return summary
