"""The answers to claims: supported, refuted, or not shown, with their reasons."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dlbench.analysis.claim_parts import Answer, Part, interaction_parts, order_parts
from dlbench.analysis.claim_values import ClaimValues
from dlbench.analysis.diagnostics import declared_in
from dlbench.analysis.metrics import check_metric
from dlbench.analysis.race import Race
from dlbench.analysis.share_claims import is_about_shares, share_parts
from dlbench.analysis.verdicts import race_of
from dlbench.components.metric_table import find_metric
from dlbench.components.records import ParameterValue
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim, Experiment
from dlbench.experiments.relations import Interaction, Link, Monotone, Ordering, is_share, operands_of
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.seeds import ALPHA
from dlbench.statistics.verdicts import BETTER, Rules
from dlbench.trials.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class ClaimAnswer:
    """The answer to a claim.

    text: the claim as the experiment states it.
    relation: the claim as a relation.
    metric: metric that it is about.
    at: epoch at which the metric is read.
    answer: supported, refuted or not shown.
    why: the reasons of its parts, or what is missing.
    parts: its comparisons.
    """

    text: str
    relation: str
    metric: str
    at: str
    answer: Answer
    why: str
    parts: tuple[Part, ...] = ()

    @property
    def p(self) -> float:
        """Return the p of what is claimed: the largest of its parts, as all must hold; NaN if it was not tested.

        An interaction needs one part, so it has the smallest p, corrected over its parts.
        """
        if self.relation.startswith("interaction"):
            return min((part.p_adjusted for part in self.parts if not math.isnan(part.p_adjusted)), default=math.nan)
        return max((part.p for part in self.parts if not math.isnan(part.p)), default=math.nan)


def check_metrics(experiment: Experiment, measured: Sequence[str] = ()) -> None:
    """Raise DlbenchError, with file and line, for an unknown metric: before anything runs, not after.

    measured: names of the values of the experiment's diagnostics.
    """
    named = [(reported.metric, reported.line) for reported in experiment.reported]
    for claim in experiment.claims:
        operands = claim.relation.operands if isinstance(claim.relation, Ordering) else ()
        own = (o.metric for o in operands if o.metric and not is_share(o))
        named += [(metric, claim.line) for metric in (claim.metric, *own)]
    for metric, line in named:
        try:
            check_metric(metric, measured=measured)
        except DlbenchError as error:
            raise DlbenchError(f"{experiment.path}, line {line}: {error.message}", error.hint) from None


def judge(claim: Claim, records: Iterable[TrialRecord], plan: PlanRecord, race: Race | None = None) -> ClaimAnswer:
    """Return the answer to a claim from a run's records. Records outside the plan are ignored.

    race: the plan's, where it is known already; what it decided is compared at the look at which it did.

    Each comparison is paired by seed. A claim is supported if every part is, and refuted if a part is: shown to be
    the other way round, not to exceed the margin or, for ≈, to differ by more than it. An interaction is supported by
    one part, and refuted if all parts are shown to be zero.
    """
    known = tuple(records)
    try:
        if is_about_shares(claim):
            parts = share_parts(claim, known, plan)
        else:
            parts = _parts(claim, ClaimValues.of(claim, known, plan, race or race_of(known, plan)))
        answer, why = _together(claim, parts), "; ".join(part.why for part in parts)
    except DlbenchError as error:  # a variant that was vetoed, or removed by an override
        parts, answer, why = (), "not shown", f"in this run, {_uncapitalized(error.message)}"
    return ClaimAnswer(
        text=claim.text,
        relation=claim.relation_text,
        metric=claim.metric,
        at=str(claim.at),
        answer=answer,
        why=why,
        parts=parts,
    )


def _parts(claim: Claim, values: ClaimValues) -> tuple[Part, ...]:
    if isinstance(claim.relation, Interaction):
        grid = values.grid(claim.relation.first, claim.relation.second)
        return interaction_parts(*grid, rules_of(claim, values.plan))
    links = links_of(claim.relation, values)
    return order_parts(links, *values.operands(operands_of(links)), rules_of(claim, values.plan, links[0].left.metric))


def links_of(relation: Ordering | Monotone, values: ClaimValues) -> list[Link]:
    """Return the comparisons that an order consists of, by the names that a run's variants have."""
    if isinstance(relation, Ordering):
        return [values.as_tuned(link) for link in relation.links]
    return [Link(left, relation.sign, right) for left, right in pairwise(values.steps(relation.axis))]


def _together(claim: Claim, parts: Sequence[Part]) -> Answer:
    answers = {part.answer for part in parts}
    any_decides: Answer
    all_decide: Answer
    if isinstance(claim.relation, Interaction):
        any_decides, all_decide = "supported", "refuted"
    else:
        any_decides, all_decide = "refuted", "supported"
    if any_decides in answers:
        return any_decides
    return all_decide if answers == {all_decide} else "not shown"


def rules_of(claim: Claim, plan: PlanRecord, metric: str = "") -> Rules:
    """Return a claim's rules, but for the level of each look; "better" means more: relations speak of more and less."""
    alpha, test = plan.criteria.level(len(plan.seeds), claim.alpha), plan.criteria.test
    compared = find_metric(metric or claim.metric, declared_in(plan))
    found = Rules.for_metric(compared, margin=claim.margin, alpha=alpha, test=test)
    return replace(found, higher_is_better=True, words=BETTER)


def counts_in_words(answers: Iterable[ClaimAnswer]) -> str:
    """Return the counts of answers: "4 claims: 1 supported, 1 refuted, 2 not shown"."""
    given = [answer.answer for answer in answers]
    counts = [f"{given.count(answer)} {answer}" for answer in ("supported", "refuted", "not shown")]
    return f"{len(given)} claim{'s' * (len(given) != 1)}: {', '.join(counts)}"


def chance_in_words(answers: Iterable[ClaimAnswer], alpha: float = ALPHA) -> str:
    """Return how many claims were tested and how many answers chance alone would give; "" if none was."""
    tested = sum(not math.isnan(answer.p) for answer in answers)
    if not tested:
        return ""
    expected = f"{alpha * tested:.1f}".removesuffix(".0")
    return f"{tested} tested at {100 * alpha:g} %: if nothing differed, about {expected} would be answered by chance"


def q_values(answers: Sequence[ClaimAnswer]) -> tuple[float, ...]:
    """Return the q-value of each claim: the share of false ones among those with a p as small; NaN if not tested.

    Source: Benjamini and Hochberg 1995, Controlling the False Discovery Rate.
    """
    from scipy.stats import false_discovery_control

    tested = [place for place, answer in enumerate(answers) if not math.isnan(answer.p)]
    found = [math.nan] * len(answers)
    if tested:
        adjusted = false_discovery_control([answers[place].p for place in tested])
        for place, q in zip(tested, adjusted, strict=True):
            found[place] = float(q)
    return tuple(found)


def _uncapitalized(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


_NUMBERS = ("n", "dropped", "difference", "difference_low", "difference_high", "p")
#: p_holm is the file format's name of `Part.p_adjusted`.
COLUMNS = ("claim", "text", "relation", "metric", "at", "answer", "part", "part_answer", *_NUMBERS, "p_holm", "why")


def claims_table(answers: Sequence[ClaimAnswer]) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
    """Return claims.csv: one row per part of a claim, in the metric's unit; a claim without parts has one row."""
    rows: list[dict[str, ParameterValue]] = []
    for number, answer in enumerate(answers, start=1):
        head: dict[str, ParameterValue] = {"claim": number, "answer": answer.answer}
        head |= {name: getattr(answer, name) for name in ("text", "relation", "metric", "at")}
        rows += [head | _row(part) for part in answer.parts] or [head | {"why": answer.why}]
    return COLUMNS, rows


def _row(part: Part) -> dict[str, ParameterValue]:
    numbers = {name: getattr(part, name) for name in _NUMBERS} | {"p_holm": part.p_adjusted}
    return {"part": part.claimed, "part_answer": part.answer, "why": part.why} | numbers
