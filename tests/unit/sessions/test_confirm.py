"""On which seeds, in which folder and by which criteria a run is confirmed: once."""

from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.spread import Spread
from dlbench.runs.folder import RunFolder
from dlbench.sessions.confirm import plan_confirmation
from dlbench.statistics.seeds import LARGEST_SEED, AutoSeeds


@pytest.fixture
def confirm(session, tmp_path, registry, run_again):
    """Confirm the run of the session fixture; return the plan and what ran."""

    def confirm(seeds=None, executor=None):
        found = plan_confirmation(RunFolder(tmp_path / "run"), seeds, registry)
        assert found.plan is not None
        return found, run_again(found, executor)

    return confirm


def test_the_seeds_follow_the_largest_that_any_trial_of_the_folder_has(session, confirm, executor):
    session(seeds=4)
    session(seeds=[9, 2])
    session(seeds=3)
    own = executor()
    found, outcome = confirm(executor=own)
    assert found.plan.seeds == (10, 11, 12)
    assert found.path.name == "run-confirm"
    assert sorted(own.ran) == [(name, seed) for name in ("relu", "tanh") for seed in (10, 11, 12)]
    assert outcome.run.plan.criteria == found.first.criteria


def test_another_number_of_seeds_can_be_asked_for(session, confirm):
    session(seeds=3)
    assert confirm(seeds=5)[0].plan.seeds == (3, 4, 5, 6, 7)


def test_growing_seeds_are_confirmed_on_the_number_that_they_ended_with_and_a_whole_alpha(session, confirm):
    first = session(seeds=AutoSeeds(6, 12))
    ended = len(first.outcome.run.plan.seeds)
    assert first.outcome.run.plan.criteria.interim_analyses
    found, outcome = confirm()
    assert len(found.plan.seeds) == ended
    assert outcome.run.plan.criteria.interim_analyses == ()


@pytest.mark.slow
def test_a_variant_that_was_decided_early_is_confirmed_on_as_many_seeds_as_the_others(session, confirm, racing):
    first = session(activations=("relu", "sigmoid", "tanh"), seeds=AutoSeeds(8, 16), executor=racing())
    assert first.outcome.run.plan.finished
    found, _ = confirm(executor=racing())
    assert len(found.plan.trials) == 3 * len(first.outcome.run.plan.seeds)


def test_a_noise_floor_and_a_chosen_margin_are_repeated(session, confirm):
    session(seeds=3, request={"noise_floor": True, "judging": {"margin": 1.5, "baseline": "tanh"}})
    found, outcome = confirm()
    criteria = outcome.run.plan.criteria
    assert (criteria.margin, criteria.baseline) == (pytest.approx(0.015), "tanh")
    used = {record.trial.seed for record in RunFolder(found.path.with_name("run")).records}
    assert {record.trial.seed for record in outcome.records}.isdisjoint(used)
    assert len(outcome.records) == 9


def test_a_second_confirmation_computes_nothing_and_takes_no_other_seeds(session, confirm, tmp_path, registry):
    session(seeds=3)
    confirm()
    again = plan_confirmation(RunFolder(tmp_path / "run"), None, registry)
    assert again.plan is None
    assert again.before.plan.seeds == (3, 4, 5)
    with pytest.raises(DlbenchError, match="already confirmed with 3 seeds"):
        plan_confirmation(RunFolder(tmp_path / "run"), 7, registry)


def test_a_run_that_has_grown_since_is_judged_as_it_was_confirmed(session, confirm, tmp_path, registry):
    session(seeds=3)
    confirm()
    session(seeds=8)
    again = plan_confirmation(RunFolder(tmp_path / "run"), None, registry)
    assert again.first.seeds == (0, 1, 2)


def test_each_comparison_of_a_folder_has_a_confirmation_of_its_own_on_seeds_never_used(
    session, confirm, tmp_path, registry
):
    session(seeds=3)
    confirm()
    session(seeds=3, activations=("relu", "sigmoid"))
    found, outcome = confirm()
    assert outcome.folder.name == "run-confirm-2"
    assert found.plan.seeds == (6, 7, 8)
    session(seeds=3, request={"judging": {"metric": "test_loss"}})
    found, outcome = confirm()
    assert outcome.folder.name == "run-confirm-3"
    assert found.plan.seeds == (9, 10, 11)
    earlier = RunFolder(tmp_path / "run")
    earlier.choose(1)
    again = plan_confirmation(earlier, None, registry)
    assert (again.path.name, again.plan, again.first.criteria.metric) == ("run-confirm", None, "test_accuracy")


def test_an_interrupted_confirmation_goes_on_with_its_own_seeds(session, confirm, executor):
    session(seeds=3)
    _, outcome = confirm(executor=executor(stop_after=2))
    assert outcome.interrupted
    rest = executor()
    found, outcome = confirm(executor=rest)
    assert found.plan.seeds == (3, 4, 5)
    assert len(rest.ran) == 4
    assert not outcome.interrupted


def test_trials_that_failed_in_a_confirmation_run_again(session, confirm, executor):
    first = session(seeds=3)
    failing = replace(first.outcome.plan.trials[0], seed=4)
    assert confirm(executor=executor(status={failing.trial_id: "failed"}))[1].exit_code == 1
    rest = executor()
    assert confirm(executor=rest)[1].exit_code == 0
    assert rest.ran == [("relu", 4)]


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        ({"activations": ("relu",)}, "run has one variant"),
        ({"seeds": [LARGEST_SEED - 1]}, "There are no 1 seeds after"),
    ],
)
def test_a_run_without_a_comparison_or_seeds_left_is_refused(session, tmp_path, registry, prepare, sentence):
    session(**prepare)
    with pytest.raises(DlbenchError, match=sentence):
        plan_confirmation(RunFolder(tmp_path / "run"), None, registry)


def test_an_unfinished_run_is_refused(session, tmp_path, registry, executor):
    session(seeds=3, executor=executor(stop_after=2))
    with pytest.raises(DlbenchError, match="run is not finished: 4 of 6 trials are missing"):
        plan_confirmation(RunFolder(tmp_path / "run"), None, registry)


def test_a_confirmation_is_not_confirmed_again(session, confirm, tmp_path, registry):
    session()
    confirm()
    with pytest.raises(DlbenchError, match="run-confirm is a confirmation itself"):
        plan_confirmation(RunFolder(tmp_path / "run-confirm"), None, registry)


def test_a_folder_of_that_name_that_confirms_nothing_is_left_alone(session, tmp_path, registry):
    session()
    session(name="run-confirm")
    with pytest.raises(DlbenchError, match="exists, and is no confirmation of run"):
        plan_confirmation(RunFolder(tmp_path / "run"), None, registry)


def test_a_confirmation_that_was_killed_before_its_manifest_is_begun_again(session, confirm, tmp_path):
    session()
    (tmp_path / "run-confirm" / "journal").mkdir(parents=True)
    found, outcome = confirm()
    assert found.before is None
    assert outcome.run.plan.seeds == (2, 3)


def test_a_plugin_that_is_missing_is_named_with_how_to_install_it(session, tmp_path, registry, monkeypatch):
    session()
    monkeypatch.setattr(
        "dlbench.sessions.confirm.used_plugins", lambda folder: {"standard": "0.1.0", "foundations": "0.3"}
    )
    with pytest.raises(DlbenchError) as error:
        plan_confirmation(RunFolder(tmp_path / "run"), None, registry)
    assert "not installed here: foundations 0.3." in error.value.message
    assert "dlbench plugins install dlbench-foundations==0.3" in error.value.hint


def test_a_spread_of_one_variant_has_nothing_to_confirm_and_says_what_shows_more(session, tmp_path, registry):
    session(activations=("relu",), seeds=None, request={"spread": Spread(sources=["order"], backgrounds=3, levels=2)})
    with pytest.raises(DlbenchError, match="shows where a spread comes from") as error:
        plan_confirmation(RunFolder(tmp_path / "run"), None, registry)
    assert "more --backgrounds" in error.value.hint


def test_of_a_spread_only_the_comparison_is_confirmed(session, confirm):
    session(seeds=None, request={"spread": Spread(sources=["order"], backgrounds=3, levels=2)})
    found, outcome = confirm()
    assert found.plan.seeds == (3, 4, 5)
    assert {(record.trial.seed, not record.trial.stream_seeds) for record in outcome.records} == {
        (seed, True) for seed in (3, 4, 5)
    }
