"""Searches of two folders that become one: the same search of more variants, or a sentence that says what differs."""

from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.extend import extend_plan
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord

RATES = (0.001, 0.004, 0.03)


def searched(**chosen):
    """Return the record of a search over three learning rates. chosen: the place of what was chosen, by label."""
    candidates = {
        label: tuple(Candidate(values={"learning_rate": rate}, variant_id=f"{label}-{rate}") for rate in RATES)
        for label in chosen
    }
    found = {label: number for label, number in chosen.items() if number is not None}
    search = Search(seeds=(1_000_000,), candidates=candidates, chosen=found)
    ranges = {label: {"learning_rate": "log:0.0001..0.1"} for label in chosen}
    return TuningRecord(ranges=ranges, budget=3, searches=(search,))


def test_the_search_of_joined_runs_has_the_variants_of_both(make_plan):
    one = replace(make_plan(["relu", "tanh"]), tuning=searched(relu=1, tanh=2))
    two = replace(make_plan(["relu", "elu"]), tuning=searched(relu=1, elu=0))
    joined = extend_plan(one, two).tuning
    assert joined == searched(relu=1, tanh=2, elu=0)
    assert TuningRecord.from_json(joined.to_json()) == joined


def test_a_search_joined_with_its_confirmation_is_here():
    here = searched(relu=1)
    assert replace(here, elsewhere=True).joined(here) == here.joined(replace(here, elsewhere=True)) == here


def test_an_interrupted_search_joins_with_another_part_of_it():
    assert searched(relu=None).joined(searched(relu=None, tanh=None)) == searched(relu=None, tanh=None)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (searched(relu=2, tanh=2), "relu was tuned to learning rate 0.004 there and to learning rate 0.03 here."),
        (replace(searched(relu=1), budget=8), "different searches: points 3 there and 8 here."),
        (replace(searched(relu=1), seconds=60.0), "different searches: training time any there and 60 s here."),
        (replace(searched(relu=1), design="random"), "design sobol there and random here."),
        (replace(searched(relu=1), metric="validation_loss"), "validation_accuracy there and validation_loss here."),
        (replace(searched(relu=1), searches=searched(relu=1).searches * 2), "tuning seeds 1000000 there"),
        (searched(relu=None), "The search here has not ended."),
    ],
)
def test_searches_that_differ_are_not_joined_and_the_sentence_says_in_what(other, why, make_plan):
    one, two = replace(make_plan(), tuning=searched(relu=1, tanh=2)), replace(make_plan(), tuning=other)
    with pytest.raises(DlbenchError) as caught:
        extend_plan(one, two)
    assert why in caught.value.message
    assert caught.value.hint


def asked_anew(record):
    """Return changes of a search that make it another one."""
    other = replace(record.searches[0], seeds=(1_000_000, 1_000_001))
    return [
        replace(record, searches=(other,)),
        replace(record, design="random"),
        replace(record, ranges={label: {"learning_rate": "log:0.001..1"} for label in record.ranges}),
    ]


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_a_search_on_other_seeds_is_another_question_and_what_it_chose_is_none(seconds):
    record = replace(searched(relu=1), seconds=seconds)
    assert record.question == replace(searched(relu=2), seconds=seconds).question
    assert all(other.question != record.question for other in asked_anew(record))
    assert (replace(record, budget=2).question == record.question) is (seconds is not None)
