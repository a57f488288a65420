"""Which epoch's weights are selected, and when to stop early."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from dlbench.components.metric_table import METRICS
from dlbench.engine.evaluation import Evaluation
from dlbench.engine.model_state import copied, restore_unlisted, unlisted_buffers
from dlbench.engine.state import Row

_METRICS_OF_RULES = {"best": "validation_accuracy", "best-on-test": "test_accuracy"}


def _loss_beside(metric: str) -> str:
    """Return the loss that has to be finite for a metric to count: that of the same images."""
    return f"{metric.partition('_')[0]}_loss"


class BestWeights:
    """Keeps the weights of the epoch that a rule selects: the best, the earlier of two equals, or the last.

    With the weights it keeps all else that the model holds, such as its buffers.

    rule: "best" by validation accuracy, the name of another metric of an epoch, "best-on-test" by the test set (then
        evaluated each epoch), or "last".
    test: evaluates on the test set.
    """

    def __init__(self, rule: str, test: Callable[[], Evaluation]) -> None:
        self.rule = rule
        self.test = test
        self.epoch = 0
        self._best = -math.inf
        self._weights: dict[str, Any] | None = None
        self._buffers: dict[str, Tensor] = {}

    def update(self, row: Row, model: nn.Module) -> dict[str, float]:
        """Record an epoch's weights; return the columns that the rule adds to the epoch's row."""
        epoch = int(row["epoch"] or 0)
        if self.rule == "last":
            self._keep(epoch, model)
            return {}
        on_test = self.test() if self.rule == "best-on-test" else None
        added = {"test_loss": on_test.loss, "test_accuracy": on_test.accuracy} if on_test else {}
        name = _METRICS_OF_RULES.get(self.rule, self.rule)
        found = row | added
        loss, value = monitored(found, _loss_beside(name)), float(found[name] or 0.0)
        value = value if METRICS[name].higher_is_better else -value
        if self._weights is None or (math.isfinite(loss) and value > self._best):
            # The first epoch is kept whatever it is; one that is not finite gives way to any that is.
            self._best = value if math.isfinite(loss) and math.isfinite(value) else -math.inf
            self._keep(epoch, model)
        return added

    def _keep(self, epoch: int, model: nn.Module) -> None:
        self.epoch = epoch
        self._weights, self._buffers = copied(model.state_dict()), copied(unlisted_buffers(model))

    def restore(self, model: nn.Module) -> int:
        """Load the selected weights into the model and return their epoch."""
        if self._weights is not None:
            model.load_state_dict(self._weights)
            restore_unlisted(model, self._buffers)
        return self.epoch

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"epoch": self.epoch, "accuracy": self._best, "weights": self._weights, "buffers": self._buffers}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.epoch, self._best = state["epoch"], state["accuracy"]
        self._weights, self._buffers = state["weights"], state["buffers"]


def monitored(row: Row, metric: str) -> float:
    """Return what early stopping and the plateau schedule watch; of a loss, the one that is trained on."""
    objective = row.get("validation_objective") if metric == "validation_loss" else None
    return float((row[metric] if objective is None else objective) or 0.0)


class EarlyStopping:
    """Stops when a monitored metric has not improved for `patience` epochs; never if patience is None.

    An epoch whose loss is not finite is none that has improved, whatever its accuracy.
    """

    def __init__(self, patience: int | None, monitor: str) -> None:
        self.patience = patience
        self.monitor = monitor
        self._sign = -1 if METRICS[monitor].higher_is_better else 1
        self._best = math.inf
        self._waited = 0

    def should_stop(self, row: Row) -> bool:
        """Record an epoch; return True if training should stop."""
        value = self._sign * monitored(row, self.monitor)
        if value < self._best and math.isfinite(monitored(row, _loss_beside(self.monitor))):
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        return self.patience is not None and self._waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self._best, self._waited = state["best"], state["waited"]
