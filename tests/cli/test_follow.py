"""The lines of `dlbench results show --follow`."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from dlbench.cli.commands.results.follow import follow
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord


@pytest.fixture
def lines(make_record, make_plan, tmp_path, capsys):
    """Return what is printed of records that are new, beside those that are known already."""

    def printed(known, new, **changes):
        folder = SimpleNamespace(
            path=tmp_path,
            manifest=SimpleNamespace(plan=replace(make_plan(["relu", "tanh"], range(2)), **changes)),
            records=(*known, *new),
            refresh=lambda: new,
        )
        follow(folder)
        return [line.partition("]")[0] + "]" for line in capsys.readouterr().err.splitlines() if line.startswith("[")]

    monkey = pytest.MonkeyPatch()
    answers = iter([True, False])
    monkey.setattr("dlbench.runs.peers.active_peers", lambda path: next(answers))
    monkey.setattr("dlbench.cli.commands.results.follow._INTERVAL", 0)
    yield printed
    monkey.undo()


def test_trials_are_counted_as_the_plan_counts_them(lines, make_record):
    vetoed = replace(make_record("relu", 0, 0.9), status="vetoed")
    other = make_record("elu", 0, 0.9)  # of another comparison in the folder
    planned = make_record("relu", 1, 0.9)
    new = [make_record("tanh", 0, 0.8), make_record("tanh", 1, 0.8)]
    assert lines([vetoed, other, planned], new)[:2] == ["[2/4]", "[3/4]"]


def test_tuning_trials_are_counted_where_they_are_of_the_plans_own_search(lines, make_record):
    tried = [make_record(name, 1_000_000) for name in ("relu", "tanh", "elu")]
    own, new, other = (replace(each, trial=replace(each.trial, role="tuning")) for each in tried)
    points = tuple(Candidate(values={}, variant_id=each.trial.variant_id) for each in (own, new))
    search = Search(seeds=(1_000_000,), candidates={"relu": points})
    tuning = TuningRecord(ranges={}, budget=2, searches=(search,))
    assert lines([own, other], [new], tuning=tuning)[:1] == ["[2/6]"]
