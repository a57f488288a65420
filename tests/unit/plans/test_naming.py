from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.naming import find_baseline, find_group, find_variant
from dlbench.plans.plan_record import PlannedVariant, PlanRecord


def variant(**values: str) -> PlannedVariant:
    return PlannedVariant(label=", ".join(values.values()), values=values, variant_id="")


PLAN = PlanRecord(
    axes={"activation": ("relu", "tanh"), "batch_size": ("64", "128"), "learning_rate": ("0.0003", "0.01")},
    fixed={},
    variants=(
        variant(activation="relu", batch_size="64", learning_rate="0.0003"),
        variant(activation="relu", batch_size="128", learning_rate="0.0003"),
        variant(activation="tanh", batch_size="64", learning_rate="0.01"),
    ),
    seeds=(0,),
    baseline="relu, 64, 0.0003",
)


def test_a_name_means_a_variant_or_all_variants_with_a_value() -> None:
    assert find_group("relu, 64, 0.0003", PLAN).variants == (PLAN.variants[0],)
    assert find_group("relu, 64, 0.0003", PLAN).axis == ""
    found = find_group("relu", PLAN)
    assert (found.axis, len(found.variants)) == ("activation", 2)


@pytest.mark.parametrize("name", ["3e-4", "0.0003", "learning_rate=0.0003", "learning_rate=3e-4"])
def test_a_number_is_found_however_it_is_written(name: str) -> None:
    assert len(find_group(name, PLAN).variants) == 2


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(DlbenchError, match="There is no variant and no value of an axis 'rellu'") as caught:
        find_group("rellu", PLAN)
    assert "Did you mean relu" in caught.value.hint


def test_a_value_of_two_axes_asks_which() -> None:
    plan = replace(
        PLAN, axes={"a": ("1", "2"), "b": ("1", "3")}, variants=(variant(a="1", b="3"), variant(a="2", b="1"))
    )
    with pytest.raises(DlbenchError, match="'1' is a value of several axes") as caught:
        find_group("1", plan)
    assert caught.value.hint == 'Write "a=1" or "b=1".'
    assert find_group("b=1", plan).variants == (plan.variants[1],)


def test_one_variant_must_be_one() -> None:
    assert find_variant("tanh", PLAN) == PLAN.variants[2]
    with pytest.raises(DlbenchError, match="'relu' means 2 variants"):
        find_variant("relu", PLAN)


def test_the_baseline_is_a_label_or_the_first_variant_with_a_value():
    variants = {"relu, 32": {"activation": "relu", "size": "32"}, "tanh, 32": {"activation": "tanh", "size": "32"}}
    assert find_baseline("", variants) == "relu, 32"
    assert find_baseline("tanh, 32", variants) == find_baseline("tanh", variants) == "tanh, 32"
    with pytest.raises(DlbenchError) as caught:
        find_baseline("tan", variants)
    assert "Did you mean tanh?" in caught.value.hint
