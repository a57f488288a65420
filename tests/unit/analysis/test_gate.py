"""What makes a command fail because its user asked for it: made-up records, so that every verdict is known."""

import pytest

from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.gate import ClaimGate, VerdictGate
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError

#: Accuracy above that of relu, the baseline, on every seed alike up to a little noise.
GAINS = {"relu": 0.0, "tanh": 0.03, "elu": -0.02}
NOISE = (0.001, -0.002, 0.0, 0.002, -0.001, 0.0015, -0.0005, 0.0005)


@pytest.fixture
def judged(make_record, make_plan):
    def judge(gains=GAINS, seeds=8, failed=(), **asked):
        records = [
            make_record(
                name,
                seed,
                0.9 + gain + (NOISE[seed] if gain else 0),
                status="failed" if (name, seed) in failed else "done",
            )
            for name, gain in gains.items()
            for seed in range(seeds)
        ]
        return judge_run(records, make_plan(list(gains), range(seeds)), asked)

    return judge


@pytest.mark.parametrize(
    ("fail_if", "fail_unless", "sentence"),
    [
        ("worse", "", "--fail-if worse: elu is worse than relu."),
        ("WORSE,Better", "", "--fail-if worse,better: tanh is better than relu; elu is worse than relu."),
        ("differs", "", "--fail-if differs: tanh is better than relu; elu is worse than relu."),
        ("equivalent,undecided", "", ""),
        ("", "better", "--fail-unless better: elu is worse than relu."),
        ("", "better,worse", ""),
        ("worse", "better", "--fail-if worse: elu is worse than relu. --fail-unless better: elu is worse than relu."),
        ("", "", ""),
    ],
)
def test_a_gate_names_each_variant_that_makes_it_fail(judged, fail_if, fail_unless, sentence):
    assert VerdictGate.parse(fail_if, fail_unless).failure(judged()) == sentence


def test_what_is_not_shown_is_undecided_and_not_worse(judged):
    found = judged({"relu": 0.0, "tanh": 1e-5})
    assert found.families[0].comparisons[0].verdict in ("not shown", "equivalent")
    assert VerdictGate.parse("worse,better").failure(found) == ""


@pytest.mark.parametrize("words", [("worse", ""), ("", "better"), ("undecided", ""), ("", "undecided")])
def test_a_gate_that_cannot_be_judged_fails_whatever_it_asks(judged, words):
    gate = VerdictGate.parse(*words)
    assert "tanh against relu cannot be judged, n = 2." in gate.failure(judged({"relu": 0.0, "tanh": 0.1}, seeds=2))
    failed = [("tanh", seed) for seed in range(8)]
    sentence = "tanh against relu cannot be judged, n = 0, 8 without a result on one side."
    assert sentence in gate.failure(judged({"relu": 0.0, "tanh": 0.1}, failed=failed))
    assert "there was nothing to judge" in gate.failure(judged({"relu": 0.0}))


def test_a_metric_without_a_better_side_has_no_worse_and_the_other_way_round(make_plan):
    plan = make_plan()
    VerdictGate.parse("worse,differs").check(plan, plan.criteria)
    with pytest.raises(DlbenchError, match="No verdict is 'higher': test_accuracy has a better side"):
        VerdictGate.parse("higher").check(plan, plan.criteria)
    with pytest.raises(DlbenchError, match="two variants"):
        VerdictGate.parse("worse").check(make_plan(["relu"]), plan.criteria)


@pytest.mark.parametrize(("text", "hint"), [("wors", "Did you mean worse?"), ("fine", "It takes better, worse")])
def test_a_word_that_is_no_verdict_is_answered_with_the_nearest(text, hint):
    with pytest.raises(DlbenchError) as error:
        VerdictGate.parse(text)
    assert hint in error.value.hint


def answer(text, given, why="a − b = +0.1"):
    return ClaimAnswer(text=text, relation="a > b", metric="test_accuracy", at="selected", answer=given, why=why)


ANSWERS = (answer("A wins.", "supported"), answer("B wins.", "refuted"), answer("C wins.", "not shown", "n = 2"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("1", ""),
        ("2", "--fail-unless 2: claim 2 (B wins) is refuted: a − b = +0.1."),
        ("1,3", "--fail-unless 1,3: claim 3 (C wins) is not shown: n = 2."),
        (
            "Supported",
            "--fail-unless Supported: claim 2 (B wins) is refuted: a − b = +0.1; claim 3 (C wins) is not shown: n = 2.",
        ),
    ],
)
def test_claims_are_asked_for_by_number_or_all_together(asked, sentence):
    assert ClaimGate.parse(asked, 3, "mine").failure(ANSWERS) == sentence


@pytest.mark.parametrize("asked", ["0", "4", "1,4", "-1", "suported", "1.5"])
def test_a_claim_that_an_experiment_does_not_make_is_refused(asked):
    with pytest.raises(DlbenchError, match="mine has no claim"):
        ClaimGate.parse(asked, 3, "mine")


def test_an_experiment_without_claims_has_nothing_to_ask_for():
    with pytest.raises(DlbenchError, match="mine makes no claims"):
        ClaimGate.parse("supported", 0, "mine")
