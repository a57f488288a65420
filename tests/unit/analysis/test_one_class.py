import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.verdicts import judge_run

ONE, BOTH = ((95, 0), (5, 0)), ((90, 5), (2, 3))


@pytest.fixture
def noted(make_record, make_plan):
    """Return the notes on a run of relu and tanh, given the confusion of each trial."""

    def notes(relu, tanh, **judging):
        given = {"relu": relu, "tanh": tanh}
        records = [
            make_record(name, seed, confusion=counts, class_names=("cat", "dog"))
            for name, trials in given.items()
            for seed, counts in enumerate(trials)
        ]
        plan = make_plan(["relu", "tanh"], seeds=range(max(map(len, given.values()))))
        return tuple(note for note in judge_run(records, plan, judging).notes if "one class" in note)

    return notes


def test_balanced_accuracy_agrees_with_scikit_learn_on_records_that_have_a_confusion_matrix(make_record):
    random = np.random.default_rng(0)
    actual, predicted = random.integers(0, 4, 200), random.integers(0, 6, 200)  # two classes have no images
    counts = tuple(map(tuple, confusion_matrix(actual, predicted).tolist()))
    with pytest.warns(UserWarning, match="not in y_true"):
        expected = balanced_accuracy_score(actual, predicted)
    value = metric_value(make_record(confusion=counts), Query(metric="balanced_accuracy"))
    assert value == pytest.approx(expected, rel=1e-12)
    assert metric_value(make_record(confusion=()), Query(metric="balanced_accuracy")) is None


def test_a_variant_that_predicts_one_class_only_is_warned_of(noted):
    assert noted([ONE] * 5, [BOTH] * 5) == (
        "in 5 of 5 trials relu predicts one class only (cat): with 95 % of the test images in that class, accuracy "
        "says little; --metric balanced_accuracy says more",
    )
    assert len(noted([ONE] * 5, [ONE] * 3 + [BOTH] * 2)) == 2
    assert noted([BOTH] * 5, [ONE] * 2 + [BOTH] * 3) == ()


def test_who_judges_by_balanced_accuracy_is_not_told_to(noted):
    (note,) = noted([ONE] * 5, [BOTH] * 5, metric="balanced_accuracy")
    assert note.endswith("accuracy says little")


def test_among_classes_of_one_size_accuracy_says_it_too(noted):
    equal = ((50, 0), (50, 0))
    assert noted([equal] * 3, [BOTH] * 3) == ("in 3 of 3 trials relu predicts one class only (cat)",)
