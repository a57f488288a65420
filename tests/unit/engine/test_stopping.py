import math

import pytest
import torch
from torch import nn

from dlbench.engine.checkpoint import pack, unpack
from dlbench.engine.evaluation import Evaluation
from dlbench.engine.stopping import BestWeights, EarlyStopping


def _offer(rule, accuracies, losses=None, test=()):
    model = nn.Linear(1, 1, bias=False)
    tests = iter(test)  # accuracies
    test_losses = iter(losses if losses and test else [0.0] * len(accuracies))

    def evaluate():
        return Evaluation(next(test_losses), 0.0, next(tests), torch.empty(0), torch.empty(0))

    best_weights = BestWeights(rule, evaluate)
    for epoch, accuracy in enumerate(accuracies, start=1):
        model.weight.data.fill_(epoch)
        loss = losses[epoch - 1] if losses else 0.0
        row = {"epoch": epoch, "validation_loss": loss, "validation_accuracy": accuracy, "train_loss": -accuracy}
        best_weights.update(row, model)
    return best_weights.restore(model), model.weight.item()


def test_best_is_the_highest_validation_accuracy_and_the_earlier_of_two_with_its_weights():
    assert _offer("best", [0.5, 0.8, 0.7, 0.8]) == (2, 2.0)


def test_last_is_the_last():
    assert _offer("last", [0.9, 0.1]) == (2, 2.0)


def test_best_on_test_goes_by_the_test_set():
    assert _offer("best-on-test", [0.9, 0.1, 0.5], test=[0.2, 0.6, 0.3]) == (2, 2.0)


def test_an_epoch_whose_loss_is_not_finite_is_not_selected_unless_there_is_no_other():
    assert _offer("best", [0.1, 0.9], losses=[1.0, math.nan]) == (1, 1.0)
    assert _offer("best", [0.1], losses=[math.nan]) == (1, 1.0)
    for rule in ("best", "best-on-test"):
        assert _offer(rule, [0.9, 0.8], losses=[math.nan, 1.0], test=[0.9, 0.8]) == (2, 2.0)
        assert _offer(rule, [0.9, 0.8], losses=[math.inf, 1.0], test=[0.9, 0.8]) == (2, 2.0)
        assert _offer(rule, [0.9, 0.95], losses=[math.nan, math.nan], test=[0.9, 0.95]) == (1, 1.0)


class _Remembering(nn.Module):
    """Holds an epoch's number in each place that a module has for what is no parameter."""

    def __init__(self):
        super().__init__()
        self.register_buffer("listed", torch.zeros(()))
        self.register_buffer("unlisted", torch.zeros(()), persistent=False)
        self.extra = {"epochs": [0]}

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, state):
        self.extra = state

    def remember(self, epoch):
        self.listed.fill_(epoch)
        self.unlisted.fill_(epoch)
        self.extra["epochs"][0] = epoch


@pytest.mark.parametrize("resumed", [False, True])
def test_all_that_a_model_holds_is_that_of_the_selected_epoch(resumed):
    model = _Remembering()
    best_weights = BestWeights("best", lambda: None)
    for epoch, accuracy in ((1, 0.9), (2, 0.5)):
        model.remember(epoch)
        best_weights.update({"epoch": epoch, "validation_loss": 1.0, "validation_accuracy": accuracy}, model)
    if resumed:
        state = unpack(pack(best_weights.state_dict()))
        best_weights, model = BestWeights("best", lambda: None), _Remembering()
        best_weights.load_state_dict(state)
    assert best_weights.restore(model) == 1
    assert (model.listed.item(), model.unlisted.item(), model.extra) == (1.0, 1.0, {"epochs": [1]})


def test_any_metric_of_an_epoch_may_select_it():
    assert _offer("validation_loss", [0.9, 0.1, 0.5], losses=[1.0, 0.2, 0.2]) == (2, 2.0)
    assert _offer("train_loss", [0.1, 0.9, 0.5], losses=[0.1, 9.0, 0.1]) == (2, 2.0)
    assert _offer("validation_loss", [0.5, 0.5], losses=[math.nan, 3.0]) == (2, 2.0)


def _stops(patience, values, monitor="validation_loss", losses=None):
    early_stopping = EarlyStopping(patience, monitor)
    rows = [{"validation_loss": loss, monitor: value} for value, loss in zip(values, losses or values, strict=True)]
    return [early_stopping.should_stop(row) for row in rows]


def test_early_stopping_counts_epochs_without_a_better_metric():
    assert _stops(2, [1.0, 0.9, 0.95, 0.8, 0.8, 0.9]) == [False] * 5 + [True]
    assert _stops(1, [0.5, 0.6, 0.6], "validation_accuracy") == [False, False, True]


def test_an_epoch_whose_loss_is_not_finite_has_not_improved():
    assert _stops(2, [0.5, 0.6, 0.7], "validation_accuracy", [1.0, math.nan, math.inf]) == [False, False, True]


def test_without_patience_nothing_stops():
    assert not any(_stops(None, [1.0] * 50))
