from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.experiments.relations import (
    Interaction,
    Link,
    Monotone,
    Operand,
    Ordering,
    Relation,
    check_relation,
    parse_relation,
)
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.plans.spread import SpreadDesign

A, B, C = Operand("a"), Operand("b"), Operand("c")


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


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("a > b", Ordering((Link(A, ">", B),))),
        ("a<b", Ordering((Link(A, "<", B),))),
        ("a > b > c", Ordering((Link(A, ">", B), Link(B, ">", C)))),
        ("a ≈ b", Ordering((Link(A, "≈", B),))),
        ("a ~= b", Ordering((Link(A, "≈", B),))),
        ("a < 1.2 * b", Ordering((Link(A, "<", Operand("b", 1.2)),))),
        ("2*a > b", Ordering((Link(Operand("a", 2.0), ">", B),))),
        ("64 > 128", Ordering((Link(Operand("64"), ">", Operand("128")),))),
        ('"p 0.3" < "a > b"', Ordering((Link(Operand("p 0.3"), "<", Operand("a > b")),))),
        ("relu-512 > tanh-64", Ordering((Link(Operand("relu-512"), ">", Operand("tanh-64")),))),
        ("mlp:hidden=64-32 > a", Ordering((Link(Operand("mlp:hidden=64-32"), ">", A),))),
        (
            "last_validation_loss(a) > 1.2 * validation_loss(a)",
            Ordering((Link(Operand("a", 1.0, "last_validation_loss"), ">", Operand("a", 1.2, "validation_loss")),)),
        ),
        ("a > constant(0.75)", Ordering((Link(A, ">", Operand("", constant=0.75)),))),
        ("2 * constant(3e-1) < a", Ordering((Link(Operand("", 2.0, constant=0.3), "<", A),))),
        ("monotone(batch_size)", Monotone("batch_size", "<")),
        ("monotone(batch_size, increasing)", Monotone("batch_size", "<")),
        ("monotone( batch_size , decreasing )", Monotone("batch_size", ">")),
        ("interaction(activation, model)", Interaction("activation", "model")),
        ("monotone > a", Ordering((Link(Operand("monotone"), ">", A),))),
    ],
)
def test_a_relation_is_read(text: str, relation: Relation) -> None:
    assert parse_relation(text) == relation


@pytest.mark.parametrize(
    ("text", "problem", "character"),
    [
        ("", "a variant or a value of an axis is expected", 1),
        ("a", "<, > or ≈ is expected", 2),
        ("a >", "a variant or a value of an axis is expected", 4),
        ("a > > b", "a variant or a value of an axis is expected", 5),
        ("a >= b", "<, > or ≈ is expected", 3),
        ("a b", "<, > or ≈ is expected", 3),
        ("a < x * b", "a number is expected before *", 5),
        ('a > "b', "a double quote is not closed", 5),
        ("monotone(a", ") is expected", 11),
        ("monotone(a, upwards)", "increasing or decreasing is expected", 13),
        ("monotone(a) > b", "the relation should end here", 13),
        ("interaction(a)", ", is expected", 14),
        ("loss(a > b", ") is expected", 8),
        ("a > constant(b)", "a number is expected", 14),
        ("a > constant(0.75", ") is expected", 18),
        ("a > constant(nan)", "a number is expected", 14),
        ("a < constant(1e999)", "a number is expected", 14),
        ("a < inf * b", "a number is expected before *", 5),
    ],
)
def test_what_is_no_relation_is_answered_with_its_place(text: str, problem: str, character: int) -> None:
    with pytest.raises(DlbenchError) as caught:
        parse_relation(text)
    assert caught.value.message == f"The relation cannot be read: {problem}, at character {character}."
    shown, caret, accepted = caught.value.hint.splitlines()
    assert shown == f"    {text}"
    assert caret.index("^") == 4 + character - 1
    assert "monotone(axis)" in accepted


@pytest.mark.parametrize("operand", [A, Operand("b", 1.2), Operand("c", metric="test_loss")])
def test_an_operand_shows_as_it_was_meant(operand: Operand) -> None:
    assert str(operand) == {"a": "a", "b": "1.2 × b", "c": "test_loss(c)"}[operand.name]


def test_a_constant_shows_as_its_number() -> None:
    assert str(Operand("", 2.0, constant=0.375)) == "0.75"


@pytest.mark.parametrize(
    "text", ["relu > tanh", "relu > constant(0.7)", "monotone(batch_size)", "interaction(activation, batch_size)"]
)
def test_relations_over_what_is_there_pass(text: str) -> None:
    check_relation(parse_relation(text), PLAN)


@pytest.mark.parametrize("text", ["relu > elu", "monotone(batch)", "interaction(activation, depth)"])
def test_relations_over_what_is_not_there_are_errors(text: str) -> None:
    with pytest.raises(DlbenchError, match="There is no"):
        check_relation(parse_relation(text), PLAN)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kept(split) > relu", "relu is none"),
        ("relu < kept(split)", "relu is none"),
        ("kept(split) > train_loss(relu)", "train_loss\\(relu\\) is none"),
        ("kept(order) > constant(0.5)", "order is not varied here"),
        ("kept(split) ≈ constant(0.5)", "is compared by > or <"),
    ],
)
def test_a_share_of_the_spread_is_compared_with_another_or_a_constant(text: str, problem: str) -> None:
    plan = replace(PLAN, spread=SpreadDesign(sources=("split",), backgrounds=6, levels=3))
    check_relation(parse_relation("kept(split) > removed(split) > constant(0.1)"), plan)
    with pytest.raises(DlbenchError, match=problem):
        check_relation(parse_relation(text), plan)
