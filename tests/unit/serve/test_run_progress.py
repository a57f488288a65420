"""How long a run still takes, at the pace of the sessions that work on it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dlbench.analysis.so_far import EndedTrial
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord
from dlbench.runs.manifest import SCHEMA, Manifest
from dlbench.runs.peers import Peer
from dlbench.serve.run_progress import run_progress

SESSION, EARLIER = "20260101T100000.000000Z-1", "20260101T090000.000000Z-1"


@pytest.fixture
def minutes_left(make_plan):
    """Return the minutes that are left of twelve trials, an hour after the session began."""

    def left(statuses, searched=0, tuning=None, journal=SESSION, others=0, searches=SESSION):
        plan = replace(make_plan(seeds=range(6)), tuning=tuning)
        began = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        manifest = Manifest(schema=SCHEMA, name="run", plan=plan, sessions=({"session": SESSION, "started": began},))
        ended = {
            key: EndedTrial((f"{journal}.jsonl", line), status, "", 0.8 if status == "done" else None)
            for line, (key, status) in enumerate(zip(plan.labels, statuses, strict=False))
        }
        names = [*map(str, range(searched)), *(f"of another search {number}" for number in range(others))]
        how = "failed" if searches == EARLIER else "done"
        ended |= {
            (name, 0): EndedTrial((f"{searches}.jsonl", 100 + place), how, "", None) for place, name in enumerate(names)
        }
        peers = (Peer(session=SESSION, host="here", pid=1),)
        seconds = run_progress("run", manifest, ended, {}, [], peers).left_seconds
        return None if seconds is None else round(seconds / 60)

    return left


def _tuning(trials, chosen):
    candidates = [Candidate(values={"learning_rate": str(number)}, variant_id=str(number)) for number in range(trials)]
    search = Search(seeds=(0,), candidates={"relu": tuple(candidates)}, chosen={"relu": 0} if chosen else {})
    return TuningRecord(ranges={"relu": {"learning_rate": "0..1"}}, budget=trials, searches=(search,))


def test_trials_of_a_search_count_for_the_pace(minutes_left):
    assert minutes_left(["done"] * 3) == 180
    assert minutes_left(["done"] * 3, searched=48, tuning=_tuning(48, chosen=True)) == round(60 / 51 * 9)


def test_a_search_that_has_not_chosen_is_still_to_come(minutes_left):
    assert minutes_left([], searched=10, tuning=_tuning(20, chosen=False)) == 6 * (10 + 12)
    assert minutes_left([], searched=10, tuning=_tuning(20, chosen=True)) == 6 * 12


def test_the_trials_of_another_search_are_none_of_this_one(minutes_left):
    alone = minutes_left([], searched=10, tuning=_tuning(20, chosen=False))
    assert minutes_left([], searched=10, tuning=_tuning(20, chosen=False), others=30) == alone


def test_a_tuning_trial_that_failed_in_an_earlier_session_runs_again(minutes_left):
    left = minutes_left(["done"] * 4, searched=20, tuning=_tuning(20, chosen=False), searches=EARLIER)
    assert left == 15 * (20 + 8)


def test_points_of_few_values_are_searched_once(minutes_left):
    twice = _tuning(20, chosen=False)
    (search,) = twice.searches
    twice = replace(twice, searches=(replace(search, candidates={"relu": search.candidates["relu"] * 2}),))
    assert minutes_left([], searched=20, tuning=twice) == 3 * 12


def test_a_trial_that_has_failed_takes_no_more_time(minutes_left):
    assert minutes_left(["done"] * 8 + ["failed"] * 4) is None
    assert minutes_left(["done", "failed"] * 3) == 60


def test_a_trial_that_failed_in_an_earlier_session_runs_again(minutes_left):
    assert minutes_left(["failed"] * 4, searched=4, tuning=_tuning(4, chosen=True), journal=EARLIER) == 180
