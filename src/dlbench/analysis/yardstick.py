"""Whether the losses of several trials are one loss: otherwise their difference is one of scales."""

from collections.abc import Iterable

from dlbench.trials.settings import Settings
from dlbench.trials.trial_record import COMPLETED, TrialRecord

#: Losses of an evaluation: cross-entropy, whatever was trained on.
EVALUATED = frozenset({"validation_loss", "last_validation_loss", "test_loss"})
#: Losses in the unit of what was trained on.
TRAINED = frozenset(
    {
        *("train_loss", "validation_objective", "test_objective", "loss_gap"),
        *("train_loss_change", "train_loss_decrease", "step_loss_oscillation"),
    }
)
CROSS_ENTROPY = "cross-entropy"


def mixed_losses(records: Iterable[TrialRecord], metric: str) -> str:
    """Return why a metric of some trials is no single loss, as a sentence; "" if it is one, or no loss."""
    if not is_loss(metric):
        return ""
    completed = [record for record in records if record.status in COMPLETED]
    found = dict.fromkeys(_loss_of(record, metric) for record in completed)
    if len(found) < 2:
        return ""
    old = metric in EVALUATED and any(_loss_of(record, metric) != CROSS_ENTROPY for record in completed)
    remedy = "; an earlier version computed some: to compute them again, add --force LABEL" if old else ""
    return f"no verdict on {metric}: it is not one loss for all variants, but {', '.join(found)}{remedy}"


def is_loss(metric: str) -> bool:
    """Return whether a metric is a loss: a number that training reaches twice only by the same steps."""
    return metric in EVALUATED | TRAINED


def _loss_of(record: TrialRecord, metric: str) -> str:
    """Return the name of the loss that a record's metric is."""
    trained_on = objective(record.trial.settings)
    reported_apart = metric in EVALUATED and "test_objective" in record.metrics
    return CROSS_ENTROPY if reported_apart else trained_on


def objective(settings: Settings) -> str:
    """Return the name of the objective that a trial is trained on."""
    if settings.loss != CROSS_ENTROPY:
        return settings.loss
    smoothing = settings.label_smoothing
    return f"{CROSS_ENTROPY} with label smoothing {smoothing:g}" if smoothing else CROSS_ENTROPY
