"""What becomes of a claim once every variant is tuned."""

from dataclasses import replace

import pytest

from dlbench.analysis.claim_parts import Part
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.survival import survivals, survivals_in_words

NUMBERS = dict.fromkeys(("difference", "difference_low", "difference_high", "p", "p_adjusted"), 0.01)


def answered(answer, text="It is so.", *, asked=True):
    part = Part(claimed="a > b", answer=answer, why="why", n=7, dropped=0, **NUMBERS)
    return ClaimAnswer(
        text=text,
        relation="a > b",
        metric="train_loss",
        at="last",
        answer=answer,
        why="why",
        parts=(part,) if asked else (),
    )


@pytest.mark.parametrize(
    ("plain", "tuned", "words"),
    [
        ("supported", "supported", "survives tuning"),
        ("supported", "not shown", "is no longer shown"),
        ("supported", "refuted", "is turned around by tuning"),
        ("not shown", "supported", "is shown only when tuned"),
        ("refuted", "refuted", "is refuted either way"),
    ],
)
def test_a_claim_says_what_tuning_does_to_it(plain, tuned, words):
    (found,) = survivals([answered(tuned)], [answered(plain)])
    assert found.words == words


def test_a_claim_about_what_is_tuned_cannot_be_asked_and_one_of_no_plain_run_is_compared_with_nothing():
    (merged,) = survivals([answered("not shown", asked=False)], [answered("supported")])
    assert merged.words == "cannot be asked of tuned variants"
    (alone,) = survivals([answered("supported")], [answered("supported", "Another.")])
    assert (alone.plain, alone.words) == (None, "nothing to compare with")


def test_the_claims_that_were_supported_are_counted_by_what_becomes_of_them():
    answers = {"1": ("supported", "supported"), "2": ("supported", "supported"), "3": ("supported", "not shown")}
    answers["4"] = ("not shown", "not shown")
    found = survivals(
        [answered(tuned, text) for text, (_, tuned) in answers.items()],
        [answered(plain, text) for text, (plain, _) in answers.items()],
    )
    assert survivals_in_words(found) == "Of 3 supported claims 2 survive tuning, 1 is no longer shown."
    assert survivals_in_words(found[-1:]) == ""


def test_claims_in_the_same_words_about_other_metrics_are_two():
    accuracy, loss = answered("supported"), answered("refuted")
    accuracy = replace(accuracy, metric="validation_accuracy")
    found = survivals([accuracy, loss], [loss, accuracy])
    assert [each.words for each in found] == ["survives tuning", "is refuted either way"]


def test_claims_in_the_same_words_about_other_targets_are_two():
    near, far = answered("supported"), answered("refuted")
    found = survivals([near, far, far], [near, far])
    assert [each.words for each in found] == ["survives tuning", "is refuted either way", "nothing to compare with"]
