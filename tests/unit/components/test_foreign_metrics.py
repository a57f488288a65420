import pytest

from dlbench.components.foreign_metrics import quantity_of
from dlbench.components.metric_table import find_metric


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("acc", "accuracy"),
        ("val_acc", "accuracy"),
        ("test/acc", "accuracy"),
        ("top1", "accuracy"),
        ("Top-1", "accuracy"),
        ("eval/top_5_accuracy", "accuracy"),
        ("metrics.valAcc", None),
        ("AUC", "score"),
        ("test_auroc", "score"),
        ("f1", "score"),
        ("val/f1-score", "score"),
        ("best_val_loss", "loss"),
        ("error_rate", "error rate"),
        ("left_accuracy", None),
        ("weight_loss", None),
        ("reward", None),
    ],
)
def test_a_column_is_known_by_all_its_words_or_not_at_all(name: str, quantity: str | None) -> None:
    assert quantity_of(name) == quantity


@pytest.mark.parametrize("name", ["acc", "test/acc", "top-1", "auc", "f1"])
def test_shares_of_other_programs_have_points_and_a_margin(name: str) -> None:
    metric = find_metric(name)
    assert (metric.name, metric.better, metric.difference_scale, metric.margin) == (name, "higher", 100, 0.002)
