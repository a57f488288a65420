"""Where a manifest is replayed, what runs there, and what is said of both runs."""

import json
import shutil
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.recorded_plan import recorded_plan
from dlbench.plans.spread import Spread
from dlbench.runs.folder import RunFolder
from dlbench.sessions.replay import open_original, plan_replay
from dlbench.sessions.replay_findings import compare_replay
from dlbench.statistics.seeds import AutoSeeds


@pytest.fixture
def replay(session, tmp_path, registry, run_again):
    """Replay a run, by default that of the session fixture elsewhere; return what was found and the folder."""

    def replay(argument=None, name="", root=None, executor=None, comparison=None):
        original = open_original(str(argument or tmp_path / "run"), tmp_path, comparison)
        outcome = run_again(plan_replay(original, name, root or tmp_path / "elsewhere", registry), executor)
        return compare_replay(original, outcome.run, registry), outcome

    return replay


def test_the_same_trials_run_elsewhere_and_all_numbers_agree(session, replay, tmp_path):
    first = session(seeds=4, request={"judging": {"margin": 1.5}, "noise_floor": True})
    found, outcome = replay()
    assert outcome.folder == tmp_path / "elsewhere" / "run"
    assert {r.trial_id for r in outcome.records} == {r.trial_id for r in first.outcome.records}
    assert outcome.run.plan.criteria == first.outcome.run.plan.criteria
    assert list(found.sentences()) == [
        "Environment: the same versions, processors and code.",
        "Variants: 2 of 2 are the same in components, settings and images.",
        "12 of 12 trials gave the same numbers to the bit.",
        "1 of 1 verdict is the same.",
    ]


def test_the_same_command_again_computes_nothing(session, replay, executor):
    session()
    replay()
    idle = executor()
    found, _ = replay(executor=idle)
    assert idle.ran == []
    assert found.numbers.same == 4


def test_a_replay_that_was_cut_short_compares_numbers_and_no_verdicts(session, replay, executor):
    session(seeds=8)
    found, _ = replay(executor=executor(stop_after=1))
    assert "1 of 1 trial gave the same numbers to the bit." in list(found.sentences())
    found, _ = replay(executor=executor(stop_after=14))
    assert found.verdicts == ()
    assert list(found.sentences())[2:] == [
        "15 of 15 trials gave the same numbers to the bit.",
        "Without a counterpart: tanh seed 7.",
        "1 trial is missing, so verdicts are not compared yet.",
    ]


def test_a_difference_is_named_by_metric_and_variant_and_turned_verdicts_are_counted(session, replay, executor):
    session(seeds=8)
    other = executor(accuracy=lambda trial: 0.38 + 0.1 * trial.activation.name.endswith("relu") + trial.seed / 1000)
    found, _ = replay(executor=other)
    assert found.numbers.same == 0
    assert "test accuracy 22 points (tanh seed" in " ".join(found.sentences())
    assert "0 of 1 verdict is the same." in list(found.sentences())
    assert found.document()["verdicts"][0]["answer"] == "other"


def test_a_manifest_alone_runs_the_same_trials_and_says_that_nothing_can_be_compared(session, replay, tmp_path):
    first = session(seeds=3, request={"variants": ({"label": "small", "model": "mlp:hidden=8"}, {"model": "mlp"})})
    alone = tmp_path / "sent.json"
    shutil.copy(tmp_path / "run" / "manifest.json", alone)
    found, outcome = replay(alone)
    assert {r.trial_id for r in outcome.records} == {r.trial_id for r in first.outcome.records}
    assert [variant.label for variant in outcome.run.plan.variants] == [
        v.label for v in first.outcome.run.plan.variants
    ]
    assert found.numbers is None
    assert any("records do not lie beside the manifest" in line for line in found.sentences())
    assert "Variants: 4 of 4 are the same" in " ".join(found.sentences())


def test_a_run_whose_seeds_grew_is_replayed_on_those_it_ended_with(session, replay):
    first = session(seeds=AutoSeeds(6, 12))
    _, outcome = replay()
    assert outcome.run.plan.seeds == first.outcome.run.plan.seeds
    assert outcome.run.plan.criteria == first.outcome.run.plan.criteria


@pytest.mark.slow
def test_a_race_is_replayed_with_the_seeds_that_each_variant_had(session, replay, racing):
    first = session(activations=("relu", "sigmoid", "tanh"), seeds=AutoSeeds(8, 16), executor=racing())
    assert first.outcome.run.plan.finished
    found, outcome = replay(executor=racing())
    assert {r.trial_id for r in outcome.records} == {r.trial_id for r in first.outcome.records}
    assert outcome.run.plan.finished == first.outcome.run.plan.finished
    assert all(pair.same for pair in found.verdicts)


def test_a_network_without_activations_is_replayed_with_and_without_its_records(session, replay, tmp_path):
    first = session(
        activations=("relu",), request={"variants": ({"model": "linear"}, {"model": "linear", "epochs": "2"})}
    )
    assert {r.trial.activation.name for r in first.outcome.records} == {"none"}
    ids = {r.trial_id for r in first.outcome.records}
    assert {r.trial_id for r in replay()[1].records} == ids
    shutil.copy(tmp_path / "run" / "manifest.json", tmp_path / "sent.json")
    assert {r.trial_id for r in replay(tmp_path / "sent.json", name="sent")[1].records} == ids


def test_beside_the_original_the_replay_has_a_name_of_its_own(session, replay, tmp_path):
    session()
    assert replay(root=tmp_path)[1].folder == tmp_path / "run-replay"
    assert replay(tmp_path / "run" / "manifest.json", root=tmp_path)[1].folder == tmp_path / "run-replay"
    with pytest.raises(DlbenchError, match="is the run to replay itself"):
        replay(root=tmp_path, name="run")


def test_an_earlier_comparison_is_replayed_by_its_number(session, replay, tmp_path):
    first = session(seeds=2)
    session(seeds=4, activations=("relu", "sigmoid"))
    found, outcome = replay(comparison=1)
    assert {r.trial_id for r in outcome.records} == {r.trial_id for r in first.outcome.records}
    assert found.numbers.same == 4
    with pytest.raises(DlbenchError, match="has no comparison 3"):
        replay(comparison=3)
    with pytest.raises(DlbenchError, match="exists, and is no replay of this comparison"):
        replay()


def test_a_replay_that_was_killed_before_its_manifest_is_begun_again(session, replay, tmp_path):
    session()
    (tmp_path / "elsewhere" / "run" / "journal").mkdir(parents=True)
    assert replay()[0].numbers.same == 4


def test_a_folder_that_holds_something_else_is_left_alone(session, replay, tmp_path):
    session()
    session(name="other")
    with pytest.raises(DlbenchError, match="exists, and is no replay of this comparison"):
        replay(root=tmp_path, name="other")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda content: "{", "cannot be read as a manifest"),
        (lambda content: content.replace('"seeds": [', '"seeds": [7,'), "was damaged after it was written"),
        (lambda content: json.dumps({**json.loads(content), "schema": 99}), "damaged|newer dlbench"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(session, tmp_path, damage, sentence):
    session()
    path = tmp_path / "run" / "manifest.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(DlbenchError, match=sentence):
        open_original(str(path), tmp_path)


def test_an_old_manifest_alone_does_not_say_what_its_variants_are(session, tmp_path, registry):
    session(request={"variants": ({"label": "small", "model": "mlp:hidden=8"}, {"model": "mlp"})})
    plan = RunFolder(tmp_path / "run").plan
    old = replace(plan, variants=tuple(replace(variant, assigned={}) for variant in plan.variants))
    with pytest.raises(DlbenchError, match="does not say what the variant small, relu is"):
        recorded_plan(old, (), registry)


@pytest.mark.parametrize(("seeds", "sentence"), [((), "no seeds"), ((2**63,), "impossible"), ((-1,), "impossible")])
def test_seeds_that_cannot_run_are_refused(make_plan, registry, seeds, sentence):
    with pytest.raises(DlbenchError, match=sentence):
        recorded_plan(replace(make_plan(), seeds=seeds), (), registry)


def test_nothing_is_a_run(tmp_path):
    for argument in (str(tmp_path / "none.json"), "none", str(tmp_path)):
        with pytest.raises(DlbenchError, match="There is no run"):
            open_original(argument, tmp_path)


def test_trials_that_vary_a_source_are_replayed_and_compared_too(session, replay):
    session(seeds=None, request={"spread": Spread(sources=["order"], backgrounds=3, levels=2)})
    found, outcome = replay()
    assert (found.numbers.trials, found.numbers.same, found.missing) == (12, 12, 0)
    assert len(outcome.run.all_planned) == outcome.run.manifest.planned == 12
