"""What a comparison that was made twice says of its verdicts and claims, on made-up records."""

from dataclasses import replace

import pytest

from dlbench.analysis.agreement import confirmation_sentence, pair_claims, pair_verdicts
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.gate import VerdictGate
from dlbench.analysis.verdicts import judge_run
from dlbench.components.choice import Selection
from dlbench.plans.plan_record import PlannedVariant, PlanRecord

NOISE = (0.001, -0.002, 0.0, 0.002, -0.001, 0.0015, -0.0005, 0.0005)


@pytest.fixture
def judged(make_record, make_plan):
    def judge(seeds=range(8), margin=0.2, **gains):
        everywhere = {"relu": 0.0, **gains}
        records = [
            make_record(name, seed, 0.9 + gain + (NOISE[seed % 8] if gain else 0))
            for name, gain in everywhere.items()
            for seed in seeds
        ]
        return judge_run(records, make_plan(list(everywhere), seeds), {"margin": margin})

    return judge


FRESH = range(8, 16)


def answers(first, again):
    return [(pair.name, pair.answer) for pair in pair_verdicts(first, again)]


def test_a_verdict_is_confirmed_where_fresh_seeds_say_the_same(judged):
    first, again = judged(tanh=0.03, elu=-0.03), judged(FRESH, tanh=0.02, elu=-0.05)
    assert answers(first, again) == [("tanh against relu", "confirmed"), ("elu against relu", "confirmed")]
    assert confirmation_sentence(pair_verdicts(first, again), ()) == (
        "Confirmed: 2 of 2 verdicts decided the first time hold."
    )


def test_what_turns_round_or_vanishes_is_not_confirmed(judged):
    first, again = judged(tanh=0.03, elu=-0.03), judged(FRESH, tanh=-0.03, elu=-0.03)
    pairs = pair_verdicts(first, again)
    assert [pair.answer for pair in pairs] == ["not confirmed", "confirmed"]
    assert confirmation_sentence(pairs, ()) == (
        "Not confirmed: tanh against relu was better, and now is worse. 1 of 2 verdicts decided the first time hold."
    )


def test_a_difference_of_any_size_is_confirmed_by_a_difference_on_the_same_side(judged):
    first = judged(tanh=0.03, margin=2.95)
    assert first.families[0].comparisons[0].verdict == "differs, may be negligible"
    assert answers(first, judged(FRESH, tanh=0.06, margin=2.95)) == [("tanh against relu", "confirmed")]
    assert answers(first, judged(FRESH, tanh=-0.06, margin=2.95)) == [("tanh against relu", "not confirmed")]


def test_what_was_not_decided_cannot_be_confirmed(judged):
    first = judged(range(2), tanh=0.03)
    pairs = pair_verdicts(first, judged(FRESH, tanh=0.03))
    assert [(pair.answer, pair.same) for pair in pairs] == [("nothing to confirm", False)]
    assert confirmation_sentence(pairs, ()) == "Nothing to confirm: no verdict was decided the first time."
    claims = pair_claims([claim("not shown")], [claim("supported")])
    said = confirmation_sentence(pairs, claims)
    assert said == "Nothing to confirm: no verdict or claim was decided the first time."


def test_a_variant_that_is_missing_the_second_time_is_not_confirmed(judged):
    pairs = pair_verdicts(judged(tanh=0.03, elu=-0.03), judged(FRESH, tanh=0.03))
    assert [pair.answer for pair in pairs] == ["confirmed", "not confirmed"]
    assert "elu against relu was worse, and now is missing" in confirmation_sentence(pairs, ())


def claim(answer):
    return ClaimAnswer(text="A wins.", relation="a > b", metric="test_accuracy", at="selected", answer=answer, why="")


def test_claims_are_paired_and_counted_with_the_verdicts(judged):
    pairs = pair_claims(
        map(claim, ("supported", "refuted", "not shown")), map(claim, ("supported", "not shown", "supported"))
    )
    assert [(pair.number, pair.answer) for pair in pairs] == [
        (1, "confirmed"),
        (2, "not confirmed"),
        (3, "nothing to confirm"),
    ]
    found = confirmation_sentence(pair_verdicts(judged(tanh=0.03), judged(FRESH, tanh=0.03)), pairs)
    assert found == (
        "Not confirmed: claim 2 was refuted, and now is not shown. "
        "2 of 3 verdicts and claims decided the first time hold."
    )


@pytest.fixture
def grid(make_record):
    """Judge relu and tanh on two values of another axis; gains are those of tanh on each."""

    def judge(axis, values, gains, seeds=range(8)):
        def record(name, value, gain, seed):
            found = make_record(name, seed, 0.9 + (gain + NOISE[seed % 8] if name == "tanh" else 0.0))
            setting = replace(found.trial.settings, batch_size=value) if axis == "batch_size" else found.trial.settings
            dataset = Selection(value) if axis == "dataset" else found.trial.dataset
            return replace(found, trial=replace(found.trial, settings=setting, dataset=dataset))

        made = {
            (name, str(value)): [record(name, value, gain, seed) for seed in seeds]
            for name in ("relu", "tanh")
            for value, gain in zip(values, gains, strict=True)
        }
        variants = tuple(
            PlannedVariant(
                label=", ".join(names),
                values={"activation": names[0], axis: names[1]},
                variant_id=records[0].trial.variant_id,
            )
            for names, records in made.items()
        )
        plan = PlanRecord(
            axes={"activation": ("relu", "tanh"), axis: tuple(map(str, values))},
            fixed={},
            variants=variants,
            seeds=tuple(seeds),
            baseline=variants[0].label,
        )
        return judge_run([record for records in made.values() for record in records], plan)

    return judge


def test_axes_and_their_interaction_are_confirmed_row_by_row(grid):
    first = grid("batch_size", (32, 64), (0.03, -0.03))
    pairs = {
        pair.name: pair.answer for pair in pair_verdicts(first, grid("batch_size", (32, 64), (0.03, -0.03), FRESH))
    }
    (interaction,) = [name for name in pairs if name.startswith("activation × batch size: ")]
    assert pairs[interaction] == "confirmed"
    assert "tanh against relu, averaged over batch size" in pairs
    turned = pair_verdicts(first, grid("batch_size", (32, 64), (-0.03, 0.03), FRESH))
    assert {pair.name: pair.answer for pair in turned}[interaction] == "not confirmed"


def test_each_data_set_is_confirmed_by_itself(grid):
    names = ("standard/digits", "standard/mnist")
    first, again = grid("dataset", names, (0.03, -0.03)), grid("dataset", names, (0.03, 0.03), FRESH)
    answers = {pair.name: pair.answer for pair in pair_verdicts(first, again)}
    assert answers["tanh against relu on standard/digits"] == "confirmed"
    assert answers["tanh against relu on standard/mnist"] == "not confirmed"
    failure = VerdictGate.parse("worse").failure(first)
    assert failure == "--fail-if worse: tanh is worse than relu on standard/mnist."


def test_one_decided_of_verdicts_and_claims_is_counted_in_the_singular(judged):
    pairs = pair_claims([claim("not shown")], [claim("not shown")])
    found = confirmation_sentence(pair_verdicts(judged(tanh=0.03), judged(FRESH, tanh=0.03)), pairs)
    assert found == "Confirmed: 1 of 1 verdict or claim decided the first time holds."
    assert confirmation_sentence((), pairs) == "Nothing to confirm: no claim was decided the first time."
