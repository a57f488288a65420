import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from dlbench.analysis.claims import ClaimAnswer, chance_in_words, claims_table, judge, q_values
from dlbench.experiments.experiment_file import Claim
from dlbench.experiments.relations import parse_relation
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlannedVariant
from dlbench.runs.tables import to_csv
from dlbench.statistics.permutation import sign_flip_interval
from dlbench.statistics.spending import levels

#: Accuracies by seed, paired: noise that both sides share, and a little that they do not.
NOISE = [0.011, -0.004, 0.007, -0.013, 0.002, 0.009, -0.006]
RELU = [0.90 + noise for noise in NOISE]
TANH = [0.86 + noise + other for noise, other in zip(NOISE, [0.003, 0, -0.002, 0.004, 0.001, -0.003, 0], strict=True)]
ELU = [value + shift for value, shift in zip(RELU, [0.01, -0.01, 0.02, -0.02, 0.005, 0, -0.01], strict=True)]


def claim(relation: str, metric: str = "validation_accuracy", **keys: Any) -> Claim:
    return Claim(text="It is so.", relation=parse_relation(relation), relation_text=relation, metric=metric, **keys)


@pytest.fixture
def ask(make_record, make_plan):  # type: ignore[no-untyped-def]
    """Answer a claim over activations whose validation accuracies are given by seed."""

    def ask(claim: Claim, plan: Mapping[str, Any] | None = None, **values: Sequence[float]) -> ClaimAnswer:
        records = [
            make_record(name, seed, accuracy)
            for name, numbers in values.items()
            for seed, accuracy in enumerate(numbers)
        ]
        seeds = range(max(map(len, values.values())))
        return judge(claim, records, plan or make_plan(list(values), seeds))

    return ask


def test_a_clear_difference_supports_the_claim_and_refutes_its_opposite(ask, typical_values) -> None:
    supported = ask(claim("relu > tanh"), relu=RELU, tanh=TANH)
    assert (supported.answer, ask(claim("relu < tanh"), relu=RELU, tanh=TANH).answer) == ("supported", "refuted")
    (part,) = supported.parts
    differences = [a - b for a, b in zip(RELU, TANH, strict=True)]
    low, high = typical_values(differences)
    assert part.difference == pytest.approx(sum(differences) / 7)
    assert (part.difference_low, part.difference_high) == pytest.approx((low, high))
    assert part.p == pytest.approx(2 / 2**7)
    numbers = f"{100 * part.difference:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]"
    assert supported.why == f"relu − tanh = {numbers}, n = 7 paired seeds, p = 0.016"


def test_a_claim_is_tested_as_its_run_fixed_it(ask, make_plan) -> None:
    plan = replace(make_plan(["relu", "tanh"], range(4)), judging=Criteria(test="independent", baseline="relu"))
    answer = ask(claim("relu > tanh"), plan=plan, relu=RELU[:4], tanh=TANH[:4])
    assert (answer.answer, answer.parts[0].p) == ("supported", pytest.approx(2 / 70))
    assert "n = 4 independent seeds each, p = 0.029" in answer.why


def test_a_bound_is_judged_as_the_seeds_differences_from_a_constant(ask, typical_values) -> None:
    reached = ask(claim("relu > constant(0.85)"), relu=RELU)
    assert (reached.answer, ask(claim("relu > constant(0.95)"), relu=RELU).answer) == ("supported", "refuted")
    (part,) = reached.parts
    low, high = typical_values([value - 0.85 for value in RELU])
    assert (part.difference_low, part.difference_high) == pytest.approx((low, high))
    assert part.claimed == "relu > 0.85"
    assert ask(claim("relu > constant(0.9)"), relu=RELU).answer == "not shown"


def test_a_constant_is_no_variant_of_the_same_name(make_record, make_plan) -> None:
    """0.1 is the chance level of ten classes and a usual learning rate."""
    records = [make_record(name, seed, value) for name in ("relu", "tanh") for seed, value in enumerate(RELU)]
    plan = make_plan(["relu", "tanh"], range(7))
    rates = {"relu": "0.01", "tanh": "0.1"}
    variants = tuple(
        replace(each, label=rates[each.label], values={"learning_rate": rates[each.label]}) for each in plan.variants
    )
    plan = replace(plan, axes={"learning_rate": ("0.01", "0.1")}, variants=variants, baseline="0.01")
    for rate in ("0.01", "0.1"):
        found = judge(claim(f"{rate} > constant(0.1)"), records, plan)
        assert (found.answer, found.parts[0].claimed) == ("supported", f"{rate} > 0.1")
        assert found.parts[0].difference == pytest.approx(0.8, abs=0.01)


def test_two_bounds_that_agree_in_six_digits_are_two(ask) -> None:
    found = ask(claim("constant(16999.9999) < relu < constant(17000.0001)", "parameters"), relu=RELU)
    assert found.answer == "supported"
    assert [part.claimed for part in found.parts] == ["16999.9999 < relu", "relu < 17000.0001"]
    assert "16999.9999 − relu = -0.0001" in found.parts[0].why


def test_more_and_less_are_meant_whichever_way_is_better(ask) -> None:
    """The fixture's test loss is 0.4 − accuracy / 10: more accuracy is less loss."""
    assert ask(claim("relu < tanh", "test_loss"), relu=RELU, tanh=TANH).answer == "supported"
    assert ask(claim("relu > tanh", "test_loss"), relu=RELU, tanh=TANH).answer == "refuted"


def test_noise_shows_nothing_and_states_what_these_seeds_would_have_shown(ask) -> None:
    answer = ask(claim("relu > elu"), relu=[value + 0.004 for value in RELU], elu=ELU)
    assert answer.answer == "not shown"
    assert "these seeds would show a difference of about" in answer.why
    against = ask(claim("relu < elu"), relu=[value + 0.004 for value in RELU], elu=ELU)
    assert "; what is seen points the other way; these seeds would show a difference of about " in against.why


@pytest.mark.parametrize(("n", "needed"), [(3, True), (5, True), (6, False)])
def test_too_few_seeds_are_reported(ask, n: int, needed: bool) -> None:
    answer = ask(claim("relu > tanh"), relu=RELU[:n], tanh=TANH[:n])
    assert answer.answer == ("not shown" if needed else "supported")
    assert (f"n = {n} is too small, 6 could show it" in answer.why) == needed
    assert "n = 2 is too small" in ask(claim("relu > tanh"), relu=RELU[:2], tanh=TANH[:2]).why


def test_a_chain_needs_every_link_and_each_link_its_own_p(ask) -> None:
    low = [value - 0.2 for value in TANH]
    answer = ask(claim("relu > tanh > elu"), relu=RELU, tanh=TANH, elu=low)
    assert answer.answer == "supported"
    assert [part.p for part in answer.parts] == [2 / 2**7] * 2
    assert ask(claim("relu > elu > tanh"), relu=RELU, tanh=TANH, elu=ELU).answer == "not shown"
    assert ask(claim("elu > relu > tanh"), relu=RELU, tanh=TANH, elu=low).answer == "refuted"


@pytest.mark.parametrize(
    ("margin", "shift", "answer"),
    [
        (0.01, 0.001, "supported"),
        (0.01, 0.03, "refuted"),
        (0.01, 0.011, "not shown"),
        (0.0, 0.0, "supported"),
        (0.0, 0.001, "refuted"),
        (None, 0.001, "supported"),  # 0.2 points are an accuracy's own margin
        (None, 0.003, "refuted"),
    ],
)
def test_alike_is_supported_within_the_margin_and_refuted_beyond_it(
    ask, margin: float | None, shift: float, answer: str
) -> None:
    noise = [0.0] * 7 if shift == 0 or margin == 0 else [0.0002 * seed for seed in range(-3, 4)]
    if shift == 0.011:
        noise = [0.005 * seed for seed in range(-3, 4)]
    other = [value - shift + extra for value, extra in zip(RELU, noise, strict=True)]
    assert ask(claim("relu ≈ tanh", margin=margin), relu=RELU, tanh=other).answer == answer


def test_a_chain_of_links_that_hold_alone_is_supported_where_a_correction_would_lose_it(ask) -> None:
    """On six seeds the smallest p is 2 / 2⁶: two of them under Holm's correction are more than 5 %."""
    low = [value - 0.2 for value in TANH]
    answer = ask(claim("relu > tanh > elu"), relu=RELU[:6], tanh=TANH[:6], elu=low[:6])
    assert (answer.answer, [part.p for part in answer.parts]) == ("supported", [2 / 2**6] * 2)


@pytest.mark.parametrize(
    ("shift", "relation", "answer", "said"),
    [
        (0.01, "relu > tanh", "supported", ""),
        (0.0012, "relu > tanh", "supported", ", though within the margin (0.2 points)"),
        (-0.01, "relu > tanh", "refuted", ": the other way round"),
        (0.0, "relu > tanh", "refuted", ": not more by more than 0.2 points"),
        (0.0, "relu < tanh", "refuted", ": not less by more than 0.2 points"),
    ],
)
def test_an_answer_says_how_it_was_decided(ask, shift: float, relation: str, answer: str, said: str) -> None:
    other = [value - shift + 0.0003 * (seed % 3 - 1) for seed, value in enumerate(RELU)]
    found = ask(claim(relation), relu=RELU, tanh=other)
    assert found.answer == answer
    assert found.why.endswith(said)


def test_what_follows_from_the_network_is_exact_on_one_seed(ask) -> None:
    """The fixture's networks have the same number of parameters."""
    found = ask(claim("relu ≈ tanh", "parameters", margin=0.0), relu=RELU[:1], tanh=TANH[:1])
    assert found.answer == "supported"
    assert math.isnan(found.parts[0].p)
    assert found.why.endswith("exact")
    assert ask(claim("relu > tanh", "parameters"), relu=RELU[:1], tanh=TANH[:1]).answer == "refuted"


def test_losses_that_agree_to_the_last_digit_are_equal_but_accuracies_may_agree_by_chance(ask) -> None:
    assert ask(claim("relu ≈ tanh", "test_loss"), relu=RELU[:1], tanh=RELU[:1]).answer == "supported"
    assert ask(claim("relu ≈ tanh"), relu=RELU[:1], tanh=RELU[:1]).answer == "not shown"


@pytest.mark.parametrize(("relation", "answer"), [("relu ≈ tanh", "supported"), ("relu > tanh", "refuted")])
def test_losses_that_agree_to_the_last_digit_are_equal_where_some_are_infinite(
    make_record, make_plan, relation: str, answer: str
) -> None:
    lost = {"status": "diverged", "metrics": {"test_loss": math.nan}}

    def found(diverged: Sequence[int]) -> ClaimAnswer:
        records = [
            make_record(name, seed, value, **(lost if seed in diverged else {}))
            for name in ("relu", "tanh")
            for seed, value in enumerate(RELU)
        ]
        return judge(claim(relation, "test_loss"), records, make_plan(["relu", "tanh"], range(7)))

    assert (found([2]).answer, found([2]).why) == (answer, "relu − tanh = 0 on every seed, exact")
    assert found(range(7)).answer == "not shown"  # that all diverge is no agreement


@pytest.mark.parametrize(
    ("relation", "answer"),
    [
        ("relu > 1.02 * tanh", "supported"),
        ("relu < 1.02 * tanh", "refuted"),
        ("relu > 1.1 * tanh", "refuted"),
        ("relu < 1.1 * tanh", "supported"),
    ],
)
def test_a_scaled_link_compares_with_the_multiple(ask, relation: str, answer: str) -> None:
    found = ask(claim(relation), relu=RELU, tanh=TANH)
    assert found.answer == answer
    scale = float(relation.split()[2])
    expected = sum(a - scale * b for a, b in zip(RELU, TANH, strict=True)) / 7
    assert found.parts[0].difference == pytest.approx(expected)


def test_operands_may_name_their_own_metric(ask) -> None:
    """validation_accuracy is the fixture's accuracy, test_accuracy one point less."""
    answer = ask(claim("validation_accuracy(relu) > test_accuracy(relu)"), relu=RELU)
    assert answer.answer == "supported"
    assert answer.parts[0].difference == pytest.approx(0.01)


def test_a_claim_reads_the_epoch_that_it_names(ask) -> None:
    """The fixture's accuracy rises in proportion to the epoch, of three."""
    answer = ask(claim("relu > tanh", at=1), relu=RELU, tanh=TANH)
    assert answer.parts[0].difference == pytest.approx(sum(a - b for a, b in zip(RELU, TANH, strict=True)) / 21)


def test_failed_trials_take_their_pair_with_them_and_are_counted(make_record, make_plan) -> None:
    records = [
        make_record(name, seed, values[seed]) for name, values in (("relu", RELU), ("tanh", TANH)) for seed in range(7)
    ]
    records[2] = replace(records[2], status="failed", metrics={}, epochs=())
    del records[-1]
    answer = judge(claim("relu > tanh"), records, make_plan(["relu", "tanh"], range(7)))
    assert (answer.parts[0].n, answer.parts[0].dropped) == (5, 2)
    assert "2 seeds left out" in answer.why


def test_a_variant_that_did_not_run_leaves_its_claim_open(ask) -> None:
    answer = ask(claim("relu > gelu"), relu=RELU, tanh=TANH)
    assert (answer.answer, answer.parts) == ("not shown", ())
    assert "there is no variant and no value of an axis 'gelu'" in answer.why


def test_missed_targets_are_judged_by_sign(ask) -> None:
    """Relu reaches 88 % in the last of its three epochs, tanh never: ∞ has no mean, but each seed has a winner."""
    reached = claim("relu < tanh", "epochs_to_target", target=0.88)
    answer = ask(reached, relu=RELU, tanh=TANH)
    assert answer.answer == "supported"
    assert answer.parts[0].p == pytest.approx(2 / 2**7)
    assert math.isnan(answer.parts[0].difference)
    assert "relu < tanh in 7 of 7 paired seeds" in answer.why
    assert ask(claim("relu > tanh", "epochs_to_target", target=0.88), relu=RELU, tanh=TANH).answer == "refuted"
    both = ask(claim("relu < tanh", "epochs_to_target", target=0.99), relu=RELU, tanh=TANH)
    assert both.answer == "not shown"


@pytest.mark.parametrize("lost", [{}, {"test_loss": None}, {"test_loss": math.nan}])
def test_a_diverged_trial_counts_as_the_largest_loss(make_record, make_plan, lost: dict[str, Any]) -> None:
    records = [make_record("relu", seed, 0.9) for seed in range(7)]
    records += [make_record("tanh", seed, epochs=0, status="diverged", metrics=lost) for seed in range(7)]
    assert (
        judge(claim("relu < tanh", "test_loss"), records, make_plan(["relu", "tanh"], range(7))).answer == "supported"
    )


def test_growing_seeds_pay_for_every_interim_analysis(ask, make_plan) -> None:
    plan = replace(make_plan(["relu", "tanh"], range(7)), judging=Criteria(interim_analyses=(7, 14, 21, 30)))
    answer = ask(claim("relu > tanh"), plan, relu=RELU, tanh=TANH)
    assert answer.answer == "not shown"  # 2 / 2⁷ is more than 0.05 / 4
    assert "n = 7 is too small, 8 could show it" in answer.why


GRID_SEEDS = range(9)


@pytest.fixture
def ask_grid(make_record, make_plan):  # type: ignore[no-untyped-def]
    """Answer a claim over activation × batch size; means by (activation, batch size)."""

    def ask(claim: Claim, means: Mapping[tuple[str, int], float]) -> ClaimAnswer:
        records, variants = [], []
        for index, ((activation, batch), mean) in enumerate(means.items()):
            jitter = [0.001 * ((3 * seed + 2 * index) % 5) for seed in GRID_SEEDS]
            made = [
                make_record(activation, seed, mean + jitter[seed], settings={"batch_size": batch})
                for seed in GRID_SEEDS
            ]
            records += made
            values = {"activation": activation, "batch_size": str(batch)}
            label = ", ".join(values.values())
            variants.append(PlannedVariant(label=label, values=values, variant_id=made[0].trial.variant_id))
        axes = {axis: tuple(dict.fromkeys(v.values[axis] for v in variants)) for axis in ("activation", "batch_size")}
        plan = replace(make_plan(), axes=axes, variants=tuple(variants), seeds=tuple(GRID_SEEDS))
        return judge(claim, records, plan)

    return ask


def grid(function: Any) -> dict[tuple[str, int], float]:
    return {(name, batch): function(name, batch) for name, batch in product(("relu", "tanh"), (64, 128, 1024))}


FALLING = grid(lambda name, batch: {64: 0.9, 128: 0.85, 1024: 0.8}[batch] + (0.05 if name == "relu" else 0))


@pytest.mark.parametrize(
    ("relation", "answer"),
    [
        ("monotone(batch_size, decreasing)", "supported"),
        ("monotone(batch_size)", "refuted"),
        ("64 > 128 > 1024", "supported"),
        ("relu > tanh", "supported"),
        ('"relu, 64" > "tanh, 1024"', "supported"),
        ("interaction(activation, batch_size)", "not shown"),
    ],
)
def test_values_of_an_axis_are_averaged_over_the_others(ask_grid, relation: str, answer: str) -> None:
    assert ask_grid(claim(relation), FALLING).answer == answer


def test_the_average_is_taken_by_seed(ask_grid) -> None:
    (part,) = ask_grid(claim("relu > tanh"), FALLING).parts
    jitter = [[0.001 * ((3 * seed + 2 * index) % 5) for seed in GRID_SEEDS] for index in range(6)]
    expected = 0.05 + sum(sum(jitter[i]) - sum(jitter[i + 3]) for i in range(3)) / 27
    assert part.difference == pytest.approx(expected)
    assert part.n == 9


def test_averages_skip_combinations_that_one_side_lacks(ask_grid) -> None:
    """Without relu at 1024, tanh's poor 1024 must not count against tanh."""
    means = {key: mean for key, mean in FALLING.items() if key != ("relu", 1024)}
    (part,) = ask_grid(claim("relu > tanh"), means).parts
    assert part.difference == pytest.approx(0.05, abs=0.002)


def test_an_interaction_is_a_difference_of_differences(ask_grid) -> None:
    flipped = grid(lambda name, batch: 0.9 if (name == "relu") == (batch == 64) else 0.8)
    answer = ask_grid(claim("interaction(activation, batch_size)"), flipped)
    assert answer.answer == "supported"
    assert [part.difference for part in answer.parts] == pytest.approx([0.2, 0.2], abs=0.01)
    wide = claim("interaction(activation, batch_size)", margin=0.02)
    assert ask_grid(wide, FALLING).answer == "refuted"


def test_a_page_of_claims_says_what_chance_would_do_and_what_share_is_false(ask) -> None:
    answers = [
        ask(claim("relu > tanh"), relu=RELU, tanh=TANH),
        ask(claim("relu > elu"), relu=RELU, elu=ELU),
        ask(claim("relu > gelu"), relu=RELU),
        ask(claim("relu ≈ tanh", "parameters"), relu=RELU, tanh=TANH),
    ]
    assert chance_in_words(answers) == "2 tested at 5 %: if nothing differed, about 0.1 would be answered by chance"
    first, second = answers[0].p, answers[1].p
    found = q_values(answers)
    assert found[:2] == pytest.approx(multipletests([first, second], method="fdr_bh")[1])
    assert all(map(math.isnan, found[2:]))


def test_a_chain_has_the_p_of_its_weakest_link(ask) -> None:
    answer = ask(claim("relu > tanh > elu"), relu=RELU, tanh=TANH, elu=ELU)
    assert answer.p == max(part.p for part in answer.parts)


def test_the_table_of_claims_has_a_row_a_part(ask) -> None:
    answers = [
        ask(claim("relu > tanh > elu"), relu=RELU, tanh=TANH, elu=ELU),
        ask(claim("relu > gelu"), relu=RELU),
    ]
    columns, rows = claims_table(answers)
    assert [(row["claim"], row.get("part")) for row in rows] == [(1, "relu > tanh"), (1, "tanh > elu"), (2, None)]
    assert [row["part_answer"] for row in rows[:2]] == ["supported", "refuted"]
    assert to_csv(columns, rows).splitlines()[0].startswith("claim,text,relation,metric,at,answer,part")
    assert set(rows[0]) <= set(columns)


def test_a_claim_about_two_rates_is_not_asked_of_the_one_variant_that_tuning_makes_of_them(ask, make_plan) -> None:
    plan = make_plan(["relu", "tanh"], range(7))
    merged = replace(plan.variants[0], stands_for=("relu 1e-3", "relu 1e-2"))
    plan = replace(plan, variants=(merged, plan.variants[1]))
    alone = ask(claim('"relu 1e-2" > "relu 1e-3"'), plan, relu=RELU, tanh=TANH)
    assert (alone.answer, alone.parts) == ("not shown", ())
    assert alone.why == "in this run, relu 1e-2 and relu 1e-3 are one variant, relu: what they differ in is tuned"
    other = ask(claim('"relu 1e-2" > tanh'), plan, relu=RELU, tanh=TANH)
    assert other.answer == "supported"
    assert other.why.startswith("relu − tanh = ")


#: A race: tanh was decided at twelve seeds and has no more, elu is open until the last.
LOOKS = (12, 18, 24, 30)


@pytest.fixture
def raced(make_record, make_plan):  # type: ignore[no-untyped-def]
    """Answer a claim from a race over three activations."""

    def value(name: str, seed: int) -> float:
        noise = random.Random(f"{name} {seed}").gauss(0, 0.006)
        return 0.8 + {"relu": 0.0, "tanh": -0.1, "elu": 0.001}[name] + noise

    counts = {"relu": 30, "tanh": 12, "elu": 30}
    records = [make_record(name, seed, value(name, seed)) for name, n in counts.items() for seed in range(n)]
    criteria = Criteria(baseline="relu", metric="test_accuracy", interim_analyses=LOOKS, spending="obrien-fleming")
    plan = replace(make_plan([*counts], range(30)), judging=criteria)

    def ask(text: str) -> ClaimAnswer:
        return judge(claim(text, "test_accuracy"), records, plan)

    ask.value = value  # type: ignore[attr-defined]
    return ask


def test_a_claim_about_what_a_race_decided_is_judged_at_its_look(raced) -> None:
    (part,) = raced("relu > tanh").parts
    assert (part.answer, part.n, part.dropped) == ("supported", 12, 0)
    assert "left out" not in part.why
    (later,) = raced("elu > tanh").parts
    assert (later.n, later.dropped) == (12, 0)  # tanh has no more
    (last,) = raced("relu > elu").parts
    assert (last.n, last.dropped) == (30, 0)


def test_of_a_chain_through_a_race_each_link_has_the_level_of_its_own_look(raced) -> None:
    """The interval of what was decided early is that of its early level: the range of all pairs' typical values."""
    early, late = raced("elu > relu > tanh").parts[::-1]
    differences = [raced.value("relu", seed) - raced.value("tanh", seed) for seed in range(12)]
    level = levels(LOOKS, 0.05)[0]
    low, high = sign_flip_interval(np.array([differences]), level)
    assert (early.difference_low, early.difference_high) == pytest.approx((low[0], high[0]))
    assert (early.n, late.n) == (12, 30)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_p_of_an_interaction_is_that_of_its_tested_parts_in_any_order(ask, order) -> None:  # type: ignore[no-untyped-def]
    (part,) = ask(claim("relu > tanh"), relu=RELU, tanh=TANH).parts
    parts = (replace(part, p_adjusted=math.nan), replace(part, p_adjusted=0.03))
    found = ask(claim("relu > tanh"), relu=RELU, tanh=TANH)
    both = replace(found, relation="interaction(activation, batch_size)", parts=tuple(parts[place] for place in order))
    assert both.p == 0.03
