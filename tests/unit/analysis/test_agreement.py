"""What a comparison that was made twice says of its verdicts and claims, on made-up records."""

import pytest

from dlbench.analysis.agreement import confirmation_sentence, pair_claims, pair_verdicts
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.verdicts import judge_run

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
        "Confirmed: 2 of 2 verdicts that were decided the first time hold."
    )


def test_what_turns_round_or_vanishes_is_not_confirmed(judged):
    first, again = judged(tanh=0.03, elu=-0.03), judged(FRESH, tanh=-0.03, elu=-0.03)
    pairs = pair_verdicts(first, again)
    assert [pair.answer for pair in pairs] == ["not confirmed", "confirmed"]
    assert confirmation_sentence(pairs, ()) == (
        "Not confirmed: tanh against relu was better, and now is worse. "
        "1 of 2 verdicts that were decided the first time hold."
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
        "2 of 3 verdicts and claims that were decided the first time hold."
    )
