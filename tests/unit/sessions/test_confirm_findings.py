"""What is said of a run and its confirmation."""

from dataclasses import replace

import pytest

from dlbench.runs.folder import RunFolder
from dlbench.sessions.confirm import plan_confirmation
from dlbench.sessions.confirm_findings import compare_confirmation, unfinished


def test_an_experiment_that_is_gone_is_said_to_be_and_its_claims_are_left_out(session, tmp_path, registry):
    session(seeds=3)
    folder = RunFolder(tmp_path / "run")
    found = plan_confirmation(folder, None, registry)
    found = replace(found, first=replace(found.first, experiment="gone/study"))
    findings = compare_confirmation(folder, found, folder, registry)
    assert findings.claims == ()
    assert "The experiment gone/study is not available" in findings.note
    assert [pair.name for pair in findings.verdicts] == ["tanh against relu"]


@pytest.mark.parametrize(
    ("ran", "sentence"),
    [
        (5, "1 trial is missing, so nothing is confirmed yet."),
        (2, "4 trials are missing, so nothing is confirmed yet."),
    ],
)
def test_what_is_missing_is_counted(session, tmp_path, registry, run_again, executor, ran, sentence):
    session(seeds=3)
    found = plan_confirmation(RunFolder(tmp_path / "run"), None, registry)
    assert unfinished(run_again(found, executor(stop_after=ran))) == sentence


def test_a_failed_trial_that_was_to_run_again_is_missing_too(session, tmp_path, registry, run_again, executor):
    session(seeds=3)
    folder = RunFolder(tmp_path / "run")
    first = plan_confirmation(folder, None, registry)
    run_again(first, executor(fails=lambda trial: trial.seed == first.plan.seeds[0]))
    again = run_again(plan_confirmation(folder, None, registry), executor(stop_after=1))
    assert unfinished(again) == "1 trial is missing, so nothing is confirmed yet."
