"""Asking from Python where a spread comes from."""

from functools import partial

import pytest

import dlbench
from dlbench.sessions import run as session_run


@pytest.fixture
def spread(session, executor, tmp_path, monkeypatch):
    """Run a small one in this process, with the fixture's resolver; return what it computed."""
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    asked = partial(dlbench.spread, streams="order", backgrounds=3, levels=2, device="cpu", results_dir=tmp_path)

    def run(**keywords):
        used = executor()
        monkeypatch.setattr(session_run, "build_executor", lambda *_: used)
        asked(**keywords)
        return [unit.trials[0].trial_id for unit in used.units]

    return run


def test_trials_are_computed_again_or_taken_from_another_run_where_that_is_asked_for(spread):
    computed = spread(name="first")
    assert len(computed) == 3 + 3
    assert spread(name="first") == []
    assert spread(name="first", force=computed[:1]) == computed[:1]
    assert spread(name="first", force=computed[1]) == computed[1:2]
    assert spread(name="second", reuse=True) == []
    assert spread(name="first", fresh=True) == computed


def test_none_stands_for_the_defaults(spread):
    assert len(spread(name=None, force=None, reuse=None, fresh=None, jobs=None)) == 6
