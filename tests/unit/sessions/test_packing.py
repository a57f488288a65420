"""Short trials are joined into units that last, and never so that a slot has nothing to do at the end."""

from dataclasses import replace

import pytest

from dlbench.sessions.packing import packed
from dlbench.trials.resources import Resources
from dlbench.trials.work_unit import WorkUnit


@pytest.fixture
def units(make_record):
    """Make a unit for each trial."""

    def make(count, **changes):
        trial = make_record().trial
        return [WorkUnit(trials=(replace(trial, seed=seed),), **changes) for seed in range(count)]

    return make


def sizes(units, seconds, least=60.0, slots=2):
    joined = packed(iter(units), lambda trial: seconds, least=least, slots=slots, left=len(units))
    return [len(unit.trials) for unit in joined]


def test_a_unit_lasts_a_minute_and_the_last_ones_are_shared_out(units):
    found = sizes(units(100), seconds=10.0)
    assert sum(found) == 100
    assert found[:14] == [6] * 14  # 16 are left: two slots share them
    assert max(found[14:]) <= 6
    assert found[-2:] == [1, 1]


@pytest.mark.parametrize("seconds", [None, 60.0, 300.0])
def test_long_trials_and_those_of_unknown_length_stay_alone(units, seconds):
    assert sizes(units(5), seconds) == [1] * 5


def test_units_that_differ_in_more_than_their_trials_are_not_joined(units):
    mixed = [*units(3), *units(3, resources=Resources(gpus=1.0)), *units(20)]
    joined = list(packed(iter(mixed), lambda trial: 1.0, least=60.0, slots=1, left=len(mixed)))
    assert [(len(unit.trials), unit.resources.gpus) for unit in joined[:2]] == [(3, 0.0), (3, 1.0)]
    assert sum(len(unit.trials) for unit in joined) == 26


def test_trials_are_asked_for_as_late_as_a_unit_is(units):
    asked = []

    def fresh():
        for unit in units(50):
            asked.append(unit)
            yield unit

    joined = packed(fresh(), lambda trial: 20.0, least=60.0, slots=2, left=50)
    assert [len(next(joined).trials) for _ in range(2)] == [3, 3]
    assert len(asked) == 6
