"""Trials as MLflow runs, through MLflow's own client: an experiment a run folder, a run a trial."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from dlbench import Manifest, Trial, TrialRecord

_ANSWERED = ("done", "diverged")
_NO_PARAMETER = ("dataset_digest",)


class Tracking:
    """Writes the trials of one run at a time. A trial goes in whole when it ends: one request, not one an epoch."""

    def __init__(self, uri: str) -> None:
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = "0"
        self._labels: Mapping[str, str] = {}

    def start(self, manifest: Manifest) -> None:
        """Take the experiment of the run's name, or make it."""
        known = self._client.get_experiment_by_name(manifest.name)
        if known and known.lifecycle_stage == "deleted":  # its name stays taken, and it takes no runs
            self._restore_empty(known.experiment_id)
        self._experiment = known.experiment_id if known else self._client.create_experiment(manifest.name)
        self._labels = {variant["variant_id"]: variant["label"] for variant in manifest.plan["variants"]}

    def add(self, record: TrialRecord) -> None:
        """Write a trial: its settings, every curve by epoch, its final figures, and how it ended."""
        self._remove_earlier(record.trial_id)
        label = self._label(record.trial)
        run = self._client.create_run(self._experiment, run_name=f"{label}, seed {record.trial.seed}")
        run_id = run.info.run_id
        metrics = list(_metrics(record))
        settings = {name: value for name, value in record.trial.row().items() if name not in _NO_PARAMETER}
        self._client.log_batch(
            run_id,
            params=[Param(name, str(value)) for name, value in settings.items()],
            tags=[RunTag(f"dlbench.{name}", text) for name, text in _tags(record, label).items()],
        )
        for first in range(0, len(metrics), 1000):  # as many as MLflow takes at once
            self._client.log_batch(run_id, metrics=metrics[first : first + 1000])
        self._client.set_terminated(run_id, "FINISHED" if record.status in _ANSWERED else "FAILED")

    def _restore_empty(self, experiment_id: str) -> None:
        """Take an experiment out of MLflow's bin; its runs, which come with it, go back there."""
        self._client.restore_experiment(experiment_id)
        while runs := self._client.search_runs([experiment_id]):  # as many as MLflow returns at once
            for run in runs:
                self._client.delete_run(run.info.run_id)

    def _label(self, trial: Trial) -> str:
        """Return what a trial is called: its variant's label, with the source of randomness that it alone varies."""
        usual = self._labels.get(replace(trial, stream_seeds={}).variant_id)
        return self._labels.get(trial.variant_id) or (
            f"{usual} {trial.row()['stream_seeds']}" if usual else trial.variant_id
        )

    def _remove_earlier(self, trial_id: str) -> None:
        """Move what an earlier attempt of the same trial left to MLflow's bin."""
        for run in self._client.search_runs([self._experiment], f"tags.`dlbench.trial_id` = '{trial_id}'"):
            self._client.delete_run(run.info.run_id)


def _metrics(record: TrialRecord) -> Iterator[Metric]:
    """Yield every number of every epoch, then the final figures; the step is the epoch, from 1."""
    now = int(time.time() * 1000)
    for step, row in enumerate(record.epochs, start=1):
        for name, value in row.items():
            if name != "epoch" and value is not None:
                yield Metric(name, float(value), now, step)
    for name, value in {**record.metrics, **record.cost}.items():
        if value is not None:
            yield Metric(f"final.{name}", float(value), now, len(record.epochs))


def _tags(record: TrialRecord, label: str) -> dict[str, str]:
    tags = {"trial_id": record.trial_id, "variant": label, "status": record.status, "message": record.message}
    return {name: text for name, text in tags.items() if text}
