"""Calibration and gaps on synthetic logits, against sums by hand."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import nn
from torch.nn import functional as F

from dlbench.standard.diagnostics.generalization import calibration, calibration_error, generalization_gap
from dlbench.standard.diagnostics.losses import diverged, step_loss

RANDOM = torch.Generator().manual_seed(0)


def batches(logits, labels):
    return lambda size: zip(logits.split(size), labels.split(size), strict=True)


def calibrated(count, classes=10):
    logits = 2 * torch.randn(count, classes, generator=RANDOM)
    return logits, torch.multinomial(logits.softmax(1), 1, generator=RANDOM).squeeze(1)


def test_calibrated_logits_have_an_error_that_goes_to_zero():
    errors = [
        calibration_error(logits.double().softmax(1), labels) for logits, labels in map(calibrated, (2_000, 200_000))
    ]
    assert errors[1] < 0.005
    assert errors[1] < errors[0]
    logits, labels = calibrated(20_000)
    assert calibration_error((10 * logits).double().softmax(1), labels) > 0.2  # the same, overconfident


def test_the_error_is_the_sum_over_bins_by_hand():
    logits, labels = calibrated(500)
    probabilities = (2 * logits).double().softmax(1)
    confidence, hit = probabilities.max(1).values.numpy(), (probabilities.argmax(1) == labels).numpy()
    expected = 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    assert calibration_error(probabilities, labels) == pytest.approx(expected, rel=1e-9)


def test_likelihood_and_brier_score_are_those_of_the_first_images_asked_for():
    logits, labels = calibrated(700)
    found = {
        name: value
        for _, name, value in calibration(
            nn.Identity(), None, None, None, held_out_batches=batches(logits, labels), images=600
        )
    }
    probabilities = logits[:600].double().softmax(1).numpy()
    truth = np.eye(10)[labels[:600]]
    assert found["negative_log_likelihood"] == pytest.approx(log_loss(labels[:600], probabilities, labels=range(10)))
    assert found["brier_score"] == pytest.approx(((probabilities - truth) ** 2).sum(1).mean())
    assert found["calibration_error"] == pytest.approx(calibration_error(torch.from_numpy(probabilities), labels[:600]))


def test_the_gap_is_training_minus_validation_accuracy_and_the_losses_the_other_way_round():
    seen, held_out = calibrated(300), calibrated(400)
    seen = 3 * seen[0] + 5 * F.one_hot(seen[1], 10), seen[1]
    accuracy, loss = generalization_gap(
        nn.Identity(),
        None,
        None,
        F.cross_entropy,
        training_batches=batches(*seen),
        held_out_batches=batches(*held_out),
    )
    by_hand = [(logits.argmax(1) == labels).double().mean() for logits, labels in (seen, held_out)]
    assert accuracy == ("", "evaluation_accuracy_gap", pytest.approx(float(by_hand[0] - by_hand[1])))
    assert loss[2] == pytest.approx(float(F.cross_entropy(*held_out) - F.cross_entropy(*seen)), rel=1e-5)
    assert accuracy[2] > 0
    assert loss[2] > 0


def test_oscillation_is_what_is_left_of_the_last_epoch_s_losses_without_their_moving_average():
    losses = np.random.default_rng(0).normal(size=80)
    window, half = 11, 5
    rests = [losses[i] - losses[i - half : i + half + 1].mean() for i in range(half, 80 - half)]
    found = list(step_loss(None, None, None, None, step_losses=[[9.0] * 40, losses]))
    assert found[0] == ("", "loss_oscillation", pytest.approx(np.std(rests)))
    assert [name for _, name, _ in step_loss(None, None, None, None, step_losses=[[1.0] * 2 * (window - 1)])] == [
        "loss_divergence"
    ]


def test_a_line_does_not_oscillate():
    found = list(step_loss(None, None, None, None, step_losses=[[100 - i for i in range(60)]]))
    assert found[0][2] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 0.5, 0.2], False),
        ([1.0, float("nan")], True),
        ([1.0, float("inf")], True),
        ([1.0, *[3.5] * 100], True),
        ([1.0, *[3.5] * 99, 2.0, *[3.5] * 99], False),
        ([1.0, *[2.9] * 500], False),
    ],
)
def test_a_training_has_diverged_after_a_hundred_steps_above_three_times_its_start(losses, expected):
    assert diverged(losses) is expected
