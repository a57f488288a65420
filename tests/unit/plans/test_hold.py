"""Sources of randomness that all seeds share."""

from dataclasses import replace

import pytest

from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.plans.build import build, resolve
from dlbench.plans.extend import check_fixed
from dlbench.plans.hold import held_in_words, read_held
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan import Request
from dlbench.plans.recorded_plan import recorded_plan
from dlbench.trials.trial_record import TrialRecord


def held(registry, *names, **values):
    return build(Request(values=values, seeds=3, hold=names), registry)


def test_every_seed_has_the_same_seed_of_what_is_held(registry):
    plan = held(registry, "split,order")
    assert [trial.seed_of("split") for trial in plan.trials] == [0, 0, 0]
    assert [trial.seed_of("order") for trial in plan.trials] == [0, 0, 0]
    assert [trial.seed_of("initialisation") for trial in plan.trials] == [0, 1, 2]


def test_a_comparison_that_holds_something_has_a_folder_and_variants_of_its_own(registry):
    usual, one = held(registry), held(registry, "split")
    assert usual.name != one.name
    assert usual.variants[0].trial.variant_id != one.variants[0].trial.variant_id
    assert "hold" not in usual.fixed
    for old, new in ((usual, one), (one, usual)):
        with pytest.raises(DlbenchError, match=r"hold is (split|not set) there and (split|not set) here"):
            check_fixed(old.record, new.record)


def test_what_is_held_is_read_back_from_a_manifest_and_can_be_run_again_from_it(registry):
    plan = held(registry, "order", "split")
    record = parse_plan(plan.record.to_json())
    assert record.held == ("split", "order")
    assert recorded_plan(record, (), registry).trials == plan.trials


def test_words_tell_what_is_held():
    assert held_in_words(read_held(["initialisation", "split"])) == "on one split, from one initialization"
    assert held_in_words(()) == ""


@pytest.mark.parametrize(("name", "hint"), [("kernels", "--deterministic"), ("splits", "split"), ("seed", "split")])
def test_what_cannot_be_held_is_refused_with_a_hint(name, hint):
    with pytest.raises(DlbenchError) as caught:
        read_held([name])
    assert hint in str(caught.value.hint)


def test_holding_what_nothing_is_drawn_from_is_noted(registry):
    assert held(registry, "augmentation").all_notes == ("--hold augmentation changes nothing: nothing is augmented",)
    assert held(registry, "dropout").all_notes == ("--hold dropout changes nothing: the network's dropout is 0",)
    assert "no random split" in held(registry, "split", validation=("last:100",)).all_notes[0]
    assert held(registry, "split").all_notes == ()


def test_it_is_noted_once_for_all_variants_and_by_name_for_some(registry):
    """Variants of one reason share a sentence, however many they are."""
    (note,) = held(registry, "augmentation", activation=("relu", "tanh", "elu")).all_notes
    assert note == "--hold augmentation changes nothing: nothing is augmented"
    (note,) = held(registry, "augmentation", augment=("none", "flip")).all_notes
    assert note == "--hold augmentation changes nothing for none: nothing is augmented"
    rates = tuple(f"mlp:hidden={width}" for width in (8, 16, 32, 64))
    (note,) = held(registry, "dropout", model=(*rates, "mlp:dropout=0.5")).all_notes
    assert note.endswith(" and 1 more: the network's dropout is 0")


def test_a_validation_split_of_the_data_sets_own_is_noted_once_it_is_known(registry):
    plan = held(registry, "split")

    def complete(trial):
        return replace(trial, settings=replace(trial.settings, validation="own")), ""

    assert "validation own is no random split" in resolve(plan, registry, complete).all_notes[0]


def test_sentences_name_only_what_is_drawn(registry):
    plan = held(registry, "split,augmentation,dropout")
    assert held_in_words(plan.record.held, plan.trials) == "on one split"
    flipped = held(registry, "augmentation", augment=("none", "flip"))
    assert held_in_words(flipped.record.held, flipped.trials) == "with one draw of the augmentation"
    records = [
        TrialRecord(trial=each, status="done", metrics={"test_accuracy": 0.9 + each.seed / 100}) for each in plan.trials
    ]
    assert judge_run(records, plan.record).held == "on one split"


def test_a_trial_without_seeds_of_its_own_streams_is_what_it_was(registry):
    (trial,) = {each.trial_id: each for each in held(registry).trials[:1]}.values()
    assert "stream_seeds" not in trial.to_json()
    assert "stream_seeds" not in trial.row()
    other = replace(trial, stream_seeds={"order": 5})
    assert other.row()["stream_seeds"] == "order=5"
    assert type(trial).from_json(other.to_json()) == other
    assert len({trial.trial_id, other.trial_id, replace(trial, stream_seeds={"split": 5}).trial_id}) == 3


@pytest.mark.parametrize("names", ["split,initialization,order", "split,initialization,order,augmentation,dropout"])
def test_seeds_that_would_train_the_same_again_are_refused(registry, names):
    """Copies of one training are no seeds: any difference at all would be "better"."""
    with pytest.raises(DlbenchError, match="one training, over and over"):
        held(registry, names)


def test_all_but_one_source_can_be_held(registry):
    assert held(registry, "split,initialization").trials
    assert held(registry, "split,initialization,order", model=("mlp:dropout=0.5",)).trials
