"""Which epoch's weights count, and when to stop early."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from dlbench.engine.evaluation import Evaluation

Row = Mapping[str, float | int | None]


class BestWeights:
    """Keeps the weights of the epoch that a rule selects: the best, the earlier of two equals, or the last.

    rule: "best" by validation accuracy, "best-on-test" by the test set (read each epoch then), "last".
    """

    def __init__(self, rule: str, test: Callable[[], Evaluation]) -> None:
        self.rule = rule
        self.test = test
        self.epoch = 0
        self._accuracy = -math.inf
        self._weights: dict[str, Tensor] | None = None

    def offer(self, epoch: int, validation: Evaluation, model: nn.Module) -> dict[str, float]:
        """Consider an epoch's weights; return what had to be measured for it, as columns of the epoch's row."""
        if self.rule == "last":
            self._keep(epoch, model)
            return {}
        judged = validation if self.rule == "best" else self.test()
        finite = math.isfinite(judged.loss) or self._weights is None
        if finite and judged.accuracy > self._accuracy:
            self._accuracy = judged.accuracy
            self._keep(epoch, model)
        return {} if self.rule == "best" else {"test_loss": judged.loss, "test_accuracy": judged.accuracy}

    def _keep(self, epoch: int, model: nn.Module) -> None:
        self.epoch = epoch
        self._weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def restore(self, model: nn.Module) -> int:
        """Put the selected weights back into the model and return their epoch."""
        if self._weights is not None:
            model.load_state_dict(self._weights)
        return self.epoch

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"epoch": self.epoch, "accuracy": self._accuracy, "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.epoch, self._accuracy, self._weights = state["epoch"], state["accuracy"], state["weights"]


class EarlyStopping:
    """Tells when a monitored metric has not improved for `patience` epochs; never, where patience is None."""

    def __init__(self, patience: int | None, monitor: str) -> None:
        self.patience = patience
        self.monitor = monitor
        self._sign = 1 if monitor.endswith("loss") else -1
        self._best = math.inf
        self._waited = 0

    def enough(self, row: Row) -> bool:
        """Take an epoch's row in and tell whether to stop after it."""
        value = self._sign * float(row[self.monitor] or 0.0)
        if value < self._best:
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        return self.patience is not None and self._waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._best, self._waited = state["best"], state["waited"]
