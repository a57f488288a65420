import contextlib

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support
from torch import nn
from torch.nn import functional as F

from dlbench.engine.evaluation import build_criterion, evaluate, macro_scores, oscillation
from dlbench.engine.feed import Feed, fit_normalization
from dlbench.errors import ContractError


def _evaluated(count=613, classes=5, loss="cross-entropy", smoothing=0.0, outputs=None):
    generator = torch.Generator().manual_seed(4)
    images = torch.randn(count, 1, 3, 3, generator=generator)
    labels = torch.randint(0, classes, (count,), generator=generator)
    weight = torch.randn(outputs or classes, 9, generator=generator)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, len(weight), bias=False))
    model[1].weight.data = weight
    feed = Feed(images, labels, torch.arange(count), fit_normalization("none", images, torch.arange(count)))
    found = evaluate(model, feed, build_criterion(loss, smoothing), classes, contextlib.nullcontext)
    return found, images.flatten(1) @ weight.T, labels


def test_an_evaluation_over_several_batches_agrees_with_scikit_learn():
    found, logits, labels = _evaluated()
    assert found.loss == pytest.approx(log_loss(labels, F.softmax(logits.double(), 1), labels=range(5)), rel=1e-6)
    assert found.accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item())
    np.testing.assert_array_equal(found.confusion, confusion_matrix(labels, logits.argmax(1)))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, logits.argmax(1)), rel=1e-12)


def test_mse_is_the_mean_square_against_one_hot_labels():
    found, logits, labels = _evaluated(loss="mse")
    assert found.objective == pytest.approx(((logits - torch.eye(5)[labels]) ** 2).mean().item(), rel=1e-5)


def test_label_smoothing_mixes_the_label_with_the_uniform_distribution():
    found, logits, labels = _evaluated(smoothing=0.1)
    targets = 0.9 * torch.eye(5)[labels] + 0.1 / 5
    assert found.objective == pytest.approx(-(targets * logits.log_softmax(1)).sum(1).mean().item(), rel=1e-5)


@pytest.mark.parametrize("outputs", [4, 6, 1000])
def test_a_network_with_another_number_of_outputs_than_classes_is_refused(outputs):
    with pytest.raises(ContractError, match=rf"a tensor of shape \(250, {outputs}\), not logits of shape \(250, 5\)"):
        _evaluated(outputs=outputs)


@pytest.mark.parametrize("trained_on", [{}, {"loss": "mse"}, {"smoothing": 0.1}])
def test_the_loss_is_cross_entropy_whatever_the_model_is_trained_on(trained_on):
    found, logits, labels = _evaluated(**trained_on)
    assert found.loss == pytest.approx(log_loss(labels, F.softmax(logits.double(), 1), labels=range(5)), rel=1e-6)
    assert (found.objective == found.loss) == (not trained_on)


@pytest.mark.parametrize("seed", range(3))
def test_macro_scores_agree_with_scikit_learn_also_where_a_class_is_never_predicted(seed):
    random = np.random.default_rng(seed)
    actual, predicted = random.integers(0, 6, 200), random.integers(0, 4, 200)
    scores = macro_scores(torch.from_numpy(confusion_matrix(actual, predicted)))
    precision, recall, f1, _ = precision_recall_fscore_support(actual, predicted, average="macro", zero_division=0)
    assert scores == pytest.approx({"macro_precision": precision, "macro_recall": recall, "macro_f1": f1})


def test_oscillation_is_the_noise_around_the_trend():
    random = np.random.default_rng(0)
    steps = np.arange(5000)
    trend, noise = 2 - steps / 5000, random.normal(0, 0.1, 5000)
    # A window of 25 takes 1/25 of the noise's variance with it: E[(x − mean)²] = σ²(1 − 1/25).
    assert oscillation(trend + noise) == pytest.approx(0.1 * np.sqrt(1 - 1 / 25), rel=0.03)
    assert oscillation(trend) == pytest.approx(0, abs=1e-9)
    assert oscillation(noise[:49]) is None
