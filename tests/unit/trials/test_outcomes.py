"""Outcomes per test image: encoded and decoded without loss, recognizable, small, and absent in old records."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.components.choice import Selection
from dlbench.trials.events import TrialFinished, event_from_json, event_to_json
from dlbench.trials.outcomes import ImageOutcomes, images_digest
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

RECORD = TrialRecord(
    trial=Trial(
        model=Selection("standard/linear"),
        activation=Selection("none"),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=Settings(device="cpu"),
        seed=0,
        dataset_digest="abc",
    ),
    status="done",
)


def outcomes_of(bits, dataset_digest="abc"):
    return ImageOutcomes.of(np.array(bits, bool), np.arange(len(bits)), dataset_digest)


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_the_bits_come_back_as_they_were(bits):
    outcomes = outcomes_of(bits)
    decoded = outcomes.bits()
    assert decoded.dtype == np.bool_
    assert decoded.tolist() == bits
    assert outcomes.count == len(bits)


def test_the_first_image_is_the_highest_bit_of_the_first_byte():
    assert outcomes_of([True, False, False, False, False, False, False, False, True]).correct == "gIA="  # 0x80 0x80


def test_the_digest_changes_with_data_set_choice_and_order_of_the_images():
    choices = [[0, 1, 2], [0, 1], [0, 1, 3], [0, 2, 1], [1, 2, 0]]
    digests = {images_digest("abc", np.array(choice)) for choice in choices}
    digests.add(images_digest("abd", np.array(choices[0])))
    assert len(digests) == len(choices) + 1
    assert {len(digest) for digest in digests} == {16}


def test_the_digest_is_the_same_on_every_machine():
    """It is stored in journals: another way to compute it would make all stored outcomes unrecognizable."""
    assert images_digest("abc", np.arange(5)) == "f6085e18a5271036"
    assert images_digest("abc", np.arange(5, dtype=np.int32)) == images_digest("abc", np.arange(5, dtype=">i8"))


def test_one_outcome_for_each_image_is_required():
    with pytest.raises(ValueError, match="3 outcomes for 2 images"):
        ImageOutcomes.of(np.ones(3, bool), np.arange(2), "abc")


@pytest.mark.parametrize(
    "damage",
    [
        {"correct": "no base64!"},
        {"correct": "ü"},
        {"correct": "gI"},
        {"correct": ""},
        {"correct": "gICA"},
        {"correct": "gIE="},
        {"count": 17},
        {"count": 8},
        {"count": -9},
    ],
    ids=str,
)
def test_damaged_bits_are_reported_when_they_are_decoded(damage):
    outcomes = outcomes_of([True, *7 * [False], True])
    with pytest.raises(ValueError):  # noqa: PT011  # base64 and NumPy have words of their own
        replace(outcomes, **damage).bits()


def test_a_record_with_outcomes_comes_back_as_it_was_also_from_a_worker():
    record = replace(RECORD, outcomes=outcomes_of([True, False, True]))
    assert TrialRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    event = TrialFinished(record=record)
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event
    assert record.with_provenance("0123").outcomes == record.outcomes


def test_a_record_without_outcomes_is_written_as_before_there_were_any():
    content = RECORD.to_json()
    assert "outcomes" not in content
    assert TrialRecord.from_json(content) == RECORD
    assert TrialRecord.from_json(content).outcomes is None


def test_outcomes_are_not_part_of_the_identity_or_of_the_tables():
    record = replace(RECORD, outcomes=outcomes_of([True, False, True]))
    assert record.trial_id == RECORD.trial_id
    assert record.row() == RECORD.row()


def test_ten_thousand_images_cost_at_most_2_kb_a_record():
    bits = np.random.default_rng(0).random(10_000) < 0.7
    with_bits = replace(RECORD, outcomes=outcomes_of(bits))
    sizes = [len(json.dumps(record.to_json(), separators=(",", ":"))) for record in (RECORD, with_bits)]
    assert sizes[1] - sizes[0] <= 2000


@pytest.mark.parametrize(
    "content", [{"images": "a", "count": "9", "correct": "gIA="}, {"images": "a", "count": 9}, {"more": 1}, 7], ids=str
)
def test_outcomes_of_another_form_are_refused_as_any_other_record_is(content):
    with pytest.raises(ValueError, match=r"outcomes|does not know"):
        TrialRecord.from_json({**RECORD.to_json(), "outcomes": content})


@given(st.data())
def test_counts_by_group_come_back_in_the_order_of_the_groups(data):
    bits = np.array(data.draw(st.lists(st.booleans(), min_size=1, max_size=70)))
    groups = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=len(bits), max_size=len(bits))))
    outcomes = ImageOutcomes.of(bits, np.arange(len(bits)), "abc", groups)
    again = ImageOutcomes.from_json(json.loads(json.dumps(outcomes.to_json())))
    assert again == outcomes
    assert again.by_group().tolist() == [int(bits[groups == group].sum()) for group in np.unique(groups)]


def test_five_hundred_groups_of_ten_thousand_images_cost_less_than_two_kilobytes():
    rng = np.random.default_rng(0)
    outcomes = ImageOutcomes.of(
        rng.random(10_000) < 0.9, np.arange(10_000), "abc", np.sort(rng.integers(0, 500, 10_000))
    )
    assert len(outcomes.groups) < 1_000
    assert "groups" not in outcomes_of([True, False]).to_json()


def test_damaged_groups_are_said_to_be_so():
    outcomes = ImageOutcomes.of(np.ones(4, bool), np.arange(4), "abc", np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="damaged groups"):
        replace(outcomes, groups=outcomes.groups[4:]).by_group()
