"""Confirming and replaying a run from Python."""

import math

import pytest

import dlbench
from dlbench.api.session import SessionKeywords
from dlbench.errors import DlbenchError
from dlbench.sessions.options import Options


@pytest.fixture(autouse=True)
def _built_in_plugins(monkeypatch):
    monkeypatch.setenv("DLBENCH_PLUGINS", "")


def test_a_confirmation_has_frames_of_its_own_and_both_verdicts_in_a_row(session, tmp_path):
    session(seeds=8)
    found = dlbench.confirm(tmp_path / "run")
    assert found.path == tmp_path / "run-confirm"
    assert sorted(set(found.trials["seed"])) == list(range(8, 16))
    assert str(found) == "Confirmed: 1 of 1 verdict decided the first time holds."
    row = found.verdicts.iloc[0]
    assert (row["comparison"], row["answer"]) == ("tanh against relu", "confirmed")
    assert (row["first_verdict"], row["again_verdict"], row["again_n"]) == ("better", "better", 8)
    assert math.isclose(row["again_difference"], 0.1)
    assert found.claims.empty
    again = dlbench.confirm("run", results_dir=tmp_path)
    assert again.found == found.found


def test_a_confirmation_that_was_cut_short_says_so_and_is_completed(session, tmp_path, executor):
    session(seeds=3)
    session(seeds=3, executor=executor(stop_after=4))  # as the executor of what follows
    cut = dlbench.confirm("run", seeds=5, results_dir=tmp_path)
    assert cut.found == ("6 trials are missing, so nothing is confirmed yet.",)
    assert cut.verdicts.empty
    assert len(cut.records) == 4


def test_a_replay_says_what_differs_and_takes_an_earlier_comparison(session, tmp_path):
    session(seeds=2)
    session(seeds=3)
    found = dlbench.replay(tmp_path / "run" / "manifest.json", results_dir=tmp_path / "elsewhere", comparison=1)
    assert found.path == tmp_path / "elsewhere" / "run"
    assert "4 of 4 trials gave the same numbers to the bit." in found.found
    assert found.document["numbers"]["same"] == 4
    assert list(found.verdicts["answer"]) == ["same"]
    assert dlbench.replay("run", results_dir=tmp_path, name="other").path == tmp_path / "other"


def test_what_a_command_refuses_is_an_error_and_what_is_no_keyword_a_type_error(session, tmp_path):
    session()
    with pytest.raises(DlbenchError, match="has no comparison 2"):
        dlbench.confirm("run", results_dir=tmp_path, comparison=2)
    with pytest.raises(TypeError, match=r"takes no 'name'\. It takes results_dir"):
        dlbench.confirm("run", name="other")


def test_the_keywords_are_options_of_a_session():
    assert SessionKeywords.__annotations__.keys() < set(Options.__dataclass_fields__)
