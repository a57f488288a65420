from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import precision_recall_fscore_support

from dlbench.analysis.per_class import SCORES, class_scores, per_class, per_class_table
from dlbench.report.terminal.per_class import per_class_view

NAMES = ("cat", "dog", "owl")


def confusion_of(true, predicted):
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (true, predicted), 1)
    return tuple(map(tuple, counts.tolist()))


def test_scores_of_a_class_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(0, 3, (2, 500))
    expected = precision_recall_fscore_support(true, predicted)
    for index in range(3):
        found = class_scores(confusion_of(true, predicted), index)
        np.testing.assert_allclose([found[score] for score in SCORES], [column[index] for column in expected[:3]])


def test_a_class_that_is_never_predicted_scores_zero():
    assert class_scores(((0, 4), (0, 6)), 0) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_each_variant_has_its_classes_in_order_with_mean_and_deviation_over_seeds(make_record, make_plan):
    counts = [((8, 2, 0), (0, 5, 0), (0, 0, 3)), ((6, 4, 0), (0, 5, 0), (0, 0, 3)), ((7, 3, 0), (0, 5, 0), (0, 0, 3))]
    records = [make_record(seed=seed, confusion=each, class_names=NAMES) for seed, each in enumerate(counts)]
    failed = make_record(seed=3, status="failed", confusion=(), class_names=NAMES)
    rows = per_class([*records, failed], make_plan(["relu"], range(4)))
    assert [(row.label, row.class_name, row.support, row.f1.n) for row in rows] == [
        ("relu", "cat", 10, 3),
        ("relu", "dog", 5, 3),
        ("relu", "owl", 3, 3),
    ]
    assert rows[0].recall.mean == pytest.approx(0.7)
    assert rows[0].recall.std == pytest.approx(np.std([0.8, 0.6, 0.7], ddof=1))
    columns, cells = per_class_table(rows)
    assert columns[-6:] == tuple(f"{score}_{part}" for score in SCORES for part in ("mean", "std"))
    assert cells[1]["precision_mean"] == pytest.approx((5 / 7 + 5 / 9 + 5 / 8) / 3)


def test_the_table_shows_percentages_and_names_a_variant_once(make_record, make_plan):
    plan = make_plan(["relu", "tanh"], [0])
    records = [
        make_record(name, confusion=((8, 2), (0, 5)), class_names=("[b]cat", "dog")) for name in ("relu", "tanh")
    ]
    screen = Console(file=StringIO(), width=80)
    screen.print(per_class_view(per_class(records, plan), 80))
    text = screen.file.getvalue()
    assert text.count("relu") == text.count("tanh") == 1
    assert "[b]cat" in text
    assert "80.00" in text  # recall of 8 in 10
