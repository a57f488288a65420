"""Whether claims hold on other test images: their differences of test accuracy, from the outcomes on each image."""

from dataclasses import replace

import numpy as np
import pytest

from dlbench.analysis.claims import judge
from dlbench.analysis.claims_on_images import claims_on_images
from dlbench.analysis.verdicts import judge_run
from dlbench.experiments.experiment_file import Claim
from dlbench.experiments.relations import parse_relation
from dlbench.trials.outcomes import ImageOutcomes

SEEDS, IMAGES = range(8), 400


def claim(text, metric="test_accuracy", at="selected"):
    return Claim(text=text, relation=parse_relation(text), relation_text=text, metric=metric, at=at)


@pytest.fixture
def records_of(make_record):
    """Return the function that makes records by the share of images that each variant classifies correctly.

    chance: how many images change from seed to seed; the others are the same ones for every seed.
    """

    def records_of(chance=0.02, **shares):
        rng, found = np.random.default_rng(1), []
        hardness = rng.permutation(IMAGES) / IMAGES
        for name, share in shares.items():
            for seed in SEEDS:
                correct = (hardness < share) ^ (rng.random(IMAGES) < chance)
                metrics = {"test_accuracy": float(correct.mean()), "validation_accuracy": float(correct.mean())}
                outcomes = ImageOutcomes.of(correct, np.arange(IMAGES), "digits")
                found.append(replace(make_record(name, seed, metrics=metrics), outcomes=outcomes))
        return found

    return records_of


def on_images(asked, records, plan):
    return claims_on_images([(asked, judge(asked, records, plan).answer)], records, plan)


def words_of(relation, records, plan, **about):
    return [found.words for found in on_images(claim(relation, **about), records, plan)]


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        ("tanh > relu", "holds on other test images"),
        ("relu < tanh", "holds on other test images"),
        ("relu > tanh", "is the other way round by test accuracy"),
        ("elu > relu", "is not shown by test accuracy"),
        ("tanh > relu > elu", "is not shown by test accuracy"),
        ("tanh > elu", "holds on other test images"),
    ],
)
def test_a_claim_says_what_the_test_images_say_to_it(records_of, make_plan, relation, words):
    records = records_of(relu=0.6, tanh=0.8, elu=0.6)
    assert words_of(relation, records, make_plan(["relu", "tanh", "elu"], SEEDS)) == [words]


def test_a_difference_that_only_seeds_show_holds_on_these_images_alone(records_of, make_plan):
    records = records_of(chance=0.0005, relu=0.6, tanh=0.607)  # three images of 400, for every seed
    plan = make_plan(["relu", "tanh"], SEEDS)
    (found,) = on_images(claim("tanh > relu"), records, plan)
    assert found.answer == "supported"
    assert found.words == "holds on these test images alone"


def test_the_intervals_are_those_of_the_verdicts(records_of, make_plan):
    records, plan = records_of(relu=0.6, tanh=0.8), make_plan(["relu", "tanh"], SEEDS)
    (asked,) = on_images(claim("tanh > relu"), records, plan)
    (found,), ((judged,),) = asked.differences, [family.comparisons for family in judge_run(records, plan).families]
    for name in ("difference", "difference_low", "difference_high", "images_low", "images_high", "images"):
        assert getattr(found, name) == pytest.approx(getattr(judged, name))


@pytest.mark.parametrize(
    ("relation", "about"),
    [
        ("tanh > constant(0.75)", {}),
        ("tanh > 1.2 * relu", {}),
        ("tanh ≈ relu", {}),
        ("train_loss(tanh) > train_loss(relu)", {}),
        ("tanh > selu", {}),
        ("tanh > relu", {"metric": "validation_loss"}),
        ("tanh > relu", {"metric": "validation_accuracy", "at": 2}),
    ],
)
def test_claims_that_are_no_order_of_the_runs_accuracies_are_not_asked(records_of, make_plan, relation, about):
    assert words_of(relation, records_of(relu=0.6, tanh=0.8), make_plan(["relu", "tanh"], SEEDS), **about) == []


def test_a_claim_about_validation_is_asked_of_the_test_images_too(records_of, make_plan):
    records, plan = records_of(relu=0.6, tanh=0.8), make_plan(["relu", "tanh"], SEEDS)
    assert words_of("tanh > relu", records, plan, metric="validation_accuracy", at="last") == [
        "holds on other test images"
    ]


def test_trials_without_outcomes_say_nothing(records_of, make_plan):
    records = [replace(record, outcomes=None) for record in records_of(relu=0.6, tanh=0.8)]
    assert words_of("tanh > relu", records, make_plan(["relu", "tanh"], SEEDS)) == []


@pytest.mark.parametrize("seeds", [1, 5])
def test_too_few_seeds_say_nothing(records_of, make_plan, seeds):
    records = [record for record in records_of(relu=0.6, tanh=0.8) if record.trial.seed < seeds]
    assert words_of("tanh > relu", records, make_plan(["relu", "tanh"], range(seeds))) == []
