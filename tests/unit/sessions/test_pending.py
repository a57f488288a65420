"""Which trials a session runs, as a function of plan, folder, options and provenance alone."""

from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.runs.folder_state import FolderState
from dlbench.runs.provenance import provenance_id
from dlbench.sessions.options import Options
from dlbench.sessions.pending import check_forced, pending
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.trial_record import TrialRecord

SATURATION = DiagnosticsPlan(diagnostics=("standard/saturation",), at=("last",))


@pytest.fixture(scope="module")
def plan(registry):
    return build(Request(values={"activation": ("relu", "tanh")}, seeds=2), registry)


@pytest.fixture
def record(provenance):
    """Return a function that makes a completed record of a trial."""

    def make(trial, **changes):
        complete = TrialRecord(trial=trial, status="done", epochs=({}, {}), provenance_id=provenance_id(provenance))
        return replace(complete, **changes)

    return make


@pytest.fixture
def ask(plan, provenance):
    """Return a function that names the pending trials as (label, seed)."""

    def ask(records=(), *, plan=plan, now=provenance, finished=(), sessions=(), **options):
        state = FolderState(
            records={each.trial_id: each for each in records},
            finished_this_session=frozenset(finished),
            sessions=tuple(sessions),
        )
        labels = {variant.trial.variant_id: variant.label for variant in plan.variants}
        return [(labels[trial.variant_id], trial.seed) for trial in pending(plan, state, Options(**options), now)]

    return ask


ALL = [("relu", 0), ("tanh", 0), ("relu", 1), ("tanh", 1)]


def test_in_an_empty_folder_every_trial_runs_pairs_together(ask):
    assert ask() == ALL


@pytest.mark.parametrize("status", ["done", "diverged"])
def test_a_completed_trial_does_not_run_again(ask, plan, record, status):
    assert ask([record(plan.trials[0], status=status)]) == ALL[1:]


@pytest.mark.parametrize("status", ["failed", "timeout", "oom", "vetoed"])
def test_a_trial_without_a_result_runs_again(ask, plan, record, status):
    assert ask([record(plan.trials[0], status=status)]) == ALL


def test_once_all_are_completed_nothing_runs(ask, plan, record):
    assert ask(map(record, plan.trials)) == []


def test_records_of_other_trials_change_nothing(ask, plan, record):
    other = replace(plan.trials[0], seed=99)
    assert ask([record(other)]) == ALL


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_trial_that_ended_in_this_session_does_not_run_twice_whatever_its_status(ask, plan, record, status):
    first = plan.trials[0]
    options = {"force": ("relu",), "redo_stale": True, "step_losses": True}
    stale = record(first, status=status, provenance_id="another")
    assert ask([stale], finished=[first.trial_id], **options) == ALL[1:]


def test_force_replaces_the_trials_of_a_label_or_one_trial(ask, plan, record):
    records = [record(trial) for trial in plan.trials]
    assert ask(records, force=("tanh",)) == [("tanh", 0), ("tanh", 1)]
    assert ask(records, force=(plan.trials[2].trial_id,)) == [("relu", 1)]
    assert ask(records, force=("tanh", plan.trials[0].trial_id)) == [("relu", 0), ("tanh", 0), ("tanh", 1)]


def test_a_name_to_force_that_a_stage_does_not_have_yet_is_ignored_there(ask, registry, record):
    growing = build(Request(values={"activation": ("relu", "tanh")}, seeds=AutoSeeds(6, 20)), registry)
    first, *_, last = growing.stages
    (late,) = (trial for trial in last.trials[-1:])
    check_forced((late.trial_id,), growing)
    assert ask(map(record, first.trials), plan=first, force=(late.trial_id,)) == []


def test_an_unknown_name_to_force_is_an_error_with_the_nearest(plan):
    check_forced(("relu", plan.trials[0].trial_id), plan)
    with pytest.raises(DlbenchError, match="no variant and no trial 'rellu'") as caught:
        check_forced(("rellu",), plan)
    assert caught.value.hint.startswith("Did you mean relu? --force takes relu, tanh")


def test_step_losses_run_trials_again_that_lack_them_only_where_they_are_asked_for(ask, plan, record):
    records = [record(plan.trials[0]), record(plan.trials[1], steps=(1.0, 0.5))]
    assert ask(records) == ALL[2:]
    assert ask(records, step_losses=True) == [("relu", 0), ("relu", 1), ("tanh", 1)]


def test_diagnostics_run_trials_again_that_lack_some_of_them(ask, plan, record):
    records = [record(plan.trials[0]), record(plan.trials[1], watched={"standard/saturation": (2,)})]
    watched = replace(plan, diagnostics=SATURATION)
    assert ask(records, plan=watched) == [("relu", 0), ("relu", 1), ("tanh", 1)]
    assert ask([record(plan.trials[0], watched={"standard/saturation": (1,)})], plan=watched) == ALL


def test_stale_results_are_an_error_that_says_what_changed_and_what_to_do(ask, plan, record, provenance):
    old = provenance | {"versions": provenance["versions"] | {"torch": "2.8.0"}}
    sessions = [{"session": "a", "provenance_id": provenance_id(old), **old}]
    with pytest.raises(DlbenchError, match=r"1 results .* torch 2\.8\.0 → 2\.9\.0") as caught:
        ask([record(plan.trials[0], provenance_id=provenance_id(old))], sessions=sessions)
    assert "--accept-old" in caught.value.hint
    assert "--redo-stale" in caught.value.hint


def test_stale_results_of_a_session_that_is_not_recorded_are_an_error_too(ask, plan, record):
    with pytest.raises(DlbenchError, match="not recorded"):
        ask([record(plan.trials[0], provenance_id="unknown")])


def test_stale_results_are_kept_or_computed_again_as_the_options_say(ask, plan, record):
    records = [record(plan.trials[0], provenance_id="another"), record(plan.trials[1])]
    assert ask(records, accept_old=True) == ALL[2:]
    assert ask(records, redo_stale=True) == [("relu", 0), *ALL[2:]]
    assert ask(records, accept_old=True, redo_stale=True) == ALL[2:]


def test_what_is_not_planned_or_has_no_result_is_never_stale(ask, plan, record):
    outside = record(replace(plan.trials[0], seed=99), provenance_id="another")
    failed = record(plan.trials[1], status="failed", provenance_id="another")
    assert ask([outside, failed]) == ALL


def test_the_trials_of_the_noise_floor_run_too(ask, registry, record):
    floor = build(Request(values={"activation": ("relu", "tanh")}, seeds=2, noise_floor=True), registry)
    assert ask(plan=floor) == [*ALL, ("relu", 10_000), ("relu", 10_001)]
    assert ask([record(floor.trials[-1])], plan=floor) == [*ALL, ("relu", 10_000)]


def test_nothing_is_changed_by_asking(plan, record, provenance):
    records = {each.trial_id: each for each in map(record, plan.trials[:2])}
    state = FolderState(records=records)
    first = pending(plan, state, Options(), provenance)
    assert first == pending(plan, state, Options(), provenance)
    assert state == FolderState(records=records)


def test_the_nodes_of_one_executor_stand_for_each_other(ask, record, plan, provenance):
    """A session on a login node, whose trials other processors trained, is not stale when it is repeated."""
    node = {**provenance, "hardware": {**provenance["hardware"], "cpu": "Another CPU"}, "host": "n2"}
    trained = [record(trial, provenance_id=provenance_id(node)) for trial in plan.trials]
    kept = {f"n2/{provenance_id(node)}": {**node, "provenance_id": provenance_id(node)}}
    session = {**provenance, "provenance_id": provenance_id(provenance), "executor": "ray", "nodes": kept}
    assert ask(trained, sessions=[session], now=provenance | {"executor": "ray"}) == []
    with pytest.raises(DlbenchError, match="cpu Another CPU → A CPU"):
        ask(trained, sessions=[session])
    assert ask(trained, sessions=[session], now=provenance | {"nodes": kept}) == []
