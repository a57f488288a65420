"""What two runs of the same trials have in common, number by number, on made-up records."""

import math
from dataclasses import replace

import pytest

from dlbench.analysis.reproduction import changed_trials, compare_numbers, same_numbers


@pytest.fixture
def records(make_record):
    return [make_record(name, seed, 0.9 + seed / 100) for name in ("relu", "tanh") for seed in range(3)]


def test_equal_records_are_the_same_to_the_bit_whatever_time_they_took(records, make_plan):
    slower = [
        replace(
            r,
            cost={"train_seconds": 9.0},
            epochs=tuple({**row, "seconds": 9.0, "images_per_second": 1.0} for row in r.epochs),
        )
        for r in records
    ]
    found = compare_numbers(records, make_plan(), slower[::-1], make_plan())
    assert (found.trials, found.same, found.differences) == (6, 6, ())
    assert list(found.sentences()) == ["6 of 6 trials gave the same numbers to the bit."]


def test_the_last_bit_of_a_number_is_a_difference_and_the_largest_of_each_variant_is_kept(records, make_plan):
    def changed(record):
        name, seed = record.trial.activation.name, record.trial.seed
        by = {("standard/tanh", 1): 0.02, ("standard/tanh", 2): -0.05, ("standard/relu", 0): math.ulp(0.9)}
        return replace(
            record,
            metrics={
                **record.metrics,
                "validation_accuracy": record.metrics["validation_accuracy"] + by.get((name, seed), 0),
            },
        )

    found = compare_numbers(records, make_plan(), map(changed, records), make_plan())
    assert (found.trials, found.same) == (6, 3)
    assert [(each.variant, each.metric, each.seed) for each in found.differences] == [
        ("relu", "validation_accuracy", 0),
        ("tanh", "validation_accuracy", 2),
    ]
    assert found.differences[1].difference == pytest.approx(-0.05)
    first, second = found.sentences()
    assert first == "3 of 6 trials gave the same numbers to the bit."
    assert second.startswith("Largest differences: validation accuracy 5")
    assert second.endswith("points (tanh seed 2).")


def test_trials_that_are_missing_or_ended_otherwise_are_named(records, make_plan):
    again = [replace(records[0], status="failed", metrics={}, epochs=()), *records[2:]]
    found = compare_numbers(records, make_plan(), again, make_plan())
    assert (found.trials, found.same) == (5, 4)
    assert found.ended == ("relu seed 0: done, then failed",)
    assert found.missing == ("relu seed 1",)
    assert list(found.sentences())[-1] == "Without a counterpart: relu seed 1."


def test_epochs_and_images_count_and_what_one_side_never_had_does_not(records):
    record = records[0]
    rows = ({**record.epochs[0], "train_loss": 0.123}, *record.epochs[1:])
    assert not same_numbers(record, replace(record, epochs=rows))
    assert not same_numbers(record, replace(record, confusion=((6, 0, 0), (0, 6, 0), (0, 0, 7))))
    assert same_numbers(record, replace(record, metrics={**record.metrics, "a_new_metric": 1.0}))
    nan = replace(record, metrics={**record.metrics, "test_loss": math.nan})
    assert same_numbers(nan, nan)
    assert not same_numbers(nan, record)


def test_what_differs_between_two_variants_of_one_name_is_told(make_record):
    one = make_record("relu").trial
    other = replace(one, dataset_digest="other", settings=replace(one.settings, device="cuda"))
    assert changed_trials({"relu": one, "tanh": one}, {"relu": other, "tanh": one}) == {
        "relu": "device cpu → cuda, other images"
    }
