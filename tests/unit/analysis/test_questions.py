"""What another comparison of a folder differs in is said in a few words."""

from dataclasses import replace

import pytest

from dlbench.analysis.questions import what_differs
from dlbench.plans.history import in_words
from dlbench.trials.diagnostics import DiagnosticsPlan


@pytest.fixture
def plan(make_plan):
    return make_plan(["relu", "tanh", "sigmoid"], range(7))


def test_two_that_ask_the_same_differ_in_nothing(plan):
    assert what_differs(plan, plan) == ""


def test_variants_and_seeds_are_named(plan, make_plan):
    assert what_differs(make_plan(["relu", "tanh", "elu"], range(5)), plan) == "with elu; without sigmoid; here 7 seeds"
    assert what_differs(replace(plan, seeds=tuple(range(7, 14))), plan) == "seeds 7 to 13, not 0 to 6"


def test_many_variants_are_counted(plan, make_plan):
    many = make_plan(["relu", "tanh", "sigmoid", "elu", "gelu", "silu", "mish", "selu"], range(7))
    assert what_differs(many, plan) == "with elu, gelu, silu and 2 more"


def test_settings_are_named_where_the_labels_are_the_same(plan, make_plan):
    longer = replace(make_plan(["relu", "tanh", "sigmoid"], range(7), epochs=30), fixed={**plan.fixed, "epochs": "30"})
    assert what_differs(longer, plan) == "epochs 30, not 10"


def test_criteria_noise_floor_and_diagnostics_are_named(plan):
    judging = replace(plan.criteria, metric="test_loss", baseline="tanh", all_pairs=True)
    other = replace(plan, judging=judging, noise_floor=(9, 10), baseline="tanh")
    words = what_differs(other, plan)
    assert words.startswith("with the noise floor; metric test_loss; ")
    assert words.endswith("baseline tanh; all pairs yes")
    measured = replace(plan, diagnostics=DiagnosticsPlan(diagnostics=("standard/saturation",), at=("last",)))
    assert what_differs(measured, plan) == "with diagnostics saturation"
    assert what_differs(plan, measured) == "without diagnostics saturation"


def test_labels_with_commas_are_told_apart(plan):
    several = replace(plan, variants=(replace(plan.variants[0], label="relu, sgd"), *plan.variants[1:]))
    assert in_words(several).startswith('"relu, sgd", ')
    assert 'with "relu, sgd"' in what_differs(several, plan)
