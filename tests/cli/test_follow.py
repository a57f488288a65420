"""The lines of `dlbench results show --follow`."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from dlbench.cli.commands.results.follow import follow


@pytest.fixture
def lines(make_record, make_plan, tmp_path, capsys):
    """Return what is printed of records that are new, beside those that are known already."""

    def printed(known, new):
        folder = SimpleNamespace(
            path=tmp_path,
            manifest=SimpleNamespace(plan=make_plan(["relu", "tanh"], range(2))),
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
