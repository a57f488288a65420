import pytest

from dlbench.statistics.metrics import default_margin, higher_is_better, scale_and_unit


@pytest.mark.parametrize("metric", ["test_accuracy", "last_validation_accuracy", "macro_f1", "images_per_second", "x"])
def test_scores_are_better_when_higher(metric):
    assert higher_is_better(metric)


@pytest.mark.parametrize(
    "metric", ["test_loss", "train_seconds", "epochs_to_target", "peak_memory_mb", "parameters", "train_loss_change"]
)
def test_losses_and_costs_are_better_when_lower(metric):
    assert not higher_is_better(metric)


def test_only_shares_have_a_margin_of_their_own():
    assert default_margin("test_accuracy") == 0.002
    assert default_margin("test_loss") == 0.0


def test_shares_are_read_in_points_and_times_in_seconds():
    assert scale_and_unit("validation_accuracy") == (100.0, " points")
    assert scale_and_unit("train_seconds") == (1.0, " seconds")
    assert scale_and_unit("test_loss") == (1.0, "")
