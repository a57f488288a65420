"""The answers to claims: supported, refuted, or not shown, with their reasons."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Literal

from dlbench.analysis.claim_values import ClaimValues, Series
from dlbench.analysis.diagnostics import declared_in
from dlbench.analysis.metrics import check_metric
from dlbench.components.metric_table import find_metric
from dlbench.components.records import ParameterValue
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim, Experiment
from dlbench.experiments.relations import Interaction, Link, Monotone, Operand, Ordering, Sign
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.comparisons import compare_pairs, interaction
from dlbench.statistics.power import pairs_to_show
from dlbench.statistics.seeds import alpha_per_analysis, seeds_needed
from dlbench.statistics.sentences import difference_in_words, margin_in_words, p_in_words
from dlbench.statistics.verdicts import BETTER, MINIMUM_PAIRS, Comparison, Rules
from dlbench.trials.trial_record import TrialRecord

Answer = Literal["supported", "refuted", "not shown"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparison of a claim.

    claimed: what is claimed of it, "relu > tanh".
    answer: its answer.
    why: the reason, one sentence.
    n: seeds with a value on both sides.
    dropped: seeds that lack one of the two values.
    difference: left − right, in the metric's unit; NaN if values are infinite.
    difference_low: lower end of its interval.
    difference_high: upper end of its interval.
    p: two-sided p of the sign-flip test.
    p_holm: p after Holm's correction over the parts of the claim.
    """

    claimed: str
    answer: Answer
    why: str
    n: int
    dropped: int
    difference: float
    difference_low: float
    difference_high: float
    p: float
    p_holm: float

    @classmethod
    def of(cls, claimed: str, answer: Answer, why: str, found: Comparison) -> "Part":
        """Return a part with the numbers of a comparison."""
        numbers = {name: value for name, value in asdict(found).items() if name in cls.__dataclass_fields__}
        return cls(claimed=claimed, answer=answer, why=why, **numbers)


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


def check_metrics(experiment: Experiment, measured: Sequence[str] = ()) -> None:
    """Raise DlbenchError, with file and line, for an unknown metric: before anything runs, not after.

    measured: names of the values of the experiment's diagnostics.
    """
    named = [(reported.metric, reported.line) for reported in experiment.reported]
    for claim in experiment.claims:
        operands = claim.relation.operands if isinstance(claim.relation, Ordering) else ()
        named += [(metric, claim.line) for metric in (claim.metric, *(o.metric for o in operands if o.metric))]
    for metric, line in named:
        try:
            check_metric(metric, measured=measured)
        except DlbenchError as error:
            raise DlbenchError(f"{experiment.path}, line {line}: {error.message}", error.hint) from None


def judge(claim: Claim, records: Iterable[TrialRecord], plan: PlanRecord) -> ClaimAnswer:
    """Return the answer to a claim from a run's records. Records outside the plan are ignored.

    Each comparison is paired by seed, and all comparisons of a claim are one family for Holm's correction. A claim is
    supported if every part is, and refuted if a part is shown to be the other way round or, for ≈, to differ beyond
    the margin. An interaction is supported by one part, and refuted if all parts are shown to be zero.
    """
    try:
        parts = _parts(claim, ClaimValues.of(claim, records, plan))
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
    match claim.relation:
        case Ordering(links):
            return _order(links, claim, values)
        case Monotone(axis, sign):
            return _order([Link(left, sign, right) for left, right in pairwise(values.steps(axis))], claim, values)
        case Interaction(first, second):
            return _interact(values.grid(first, second), _rules(claim, values.plan))


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


def _order(links: Sequence[Link], claim: Claim, values: ClaimValues) -> tuple[Part, ...]:
    """Return the parts of an ordering, judged as one family."""
    operands = dict.fromkeys(operand for link in links for operand in (link.left, link.right))
    series = values.operands(operands)
    rules = _rules(claim, values.plan, links[0].left.metric)
    if any(value == math.inf for by_seed in series.values() for value in by_seed.values()):
        return _order_by_sign(links, series, rules)
    named = {str(operand): by_seed for operand, by_seed in series.items()}
    compared = compare_pairs(named, [(str(link.left), str(link.right)) for link in links], rules)
    return tuple(_link_part(link, found, rules, len(links)) for link, found in zip(links, compared, strict=True))


def _order_by_sign(links: Sequence[Link], series: Mapping[Operand, Series], rules: Rules) -> tuple[Part, ...]:
    """Return the parts of an ordering by the sign of each seed's difference: infinite values have no mean."""
    rules = replace(rules, margin=0.0)
    signs: dict[str, Series] = {"nothing": {}}
    for link in links:
        signs[_claimed(link)] = _signs(series[link.left], series[link.right])
        signs["nothing"] |= dict.fromkeys(signs[_claimed(link)], 0.0)
    compared = compare_pairs(signs, [(_claimed(link), "nothing") for link in links], rules)
    parts = []
    for link, found in zip(links, compared, strict=True):
        known = [sign for sign in signs[_claimed(link)].values() if sign is not None]
        wanted = 1.0 if link.sign == ">" else -1.0
        small = found.verdict == "n too small"
        evidence = _too_small(found, rules, len(links)) if small else p_in_words(found.p_holm)
        answer: Answer = "not shown" if link.sign == "≈" else _link_answer(link.sign, found)
        unknown = replace(found, difference=math.nan, difference_low=math.nan, difference_high=math.nan)
        why = f"{_claimed(link)} in {known.count(wanted)} of {found.n} paired seeds{_lost(found)}: {evidence}"
        why += " (by signs, as some values are infinite)"
        parts.append(Part.of(_claimed(link), answer, why, unknown))
    return tuple(parts)


def _signs(left: Series, right: Series) -> Series:
    """Return the sign of each seed's difference; two infinite values are a tie."""
    both = {seed: (left[seed], right.get(seed)) for seed in left}
    return {
        seed: None if one is None or other is None else float((one > other) - (one < other))
        for seed, (one, other) in both.items()
    }


def _interact(grid: Mapping[tuple[str, str], Series], rules: Rules) -> tuple[Part, ...]:
    compared = interaction(grid, rules)
    parts = []
    for found in compared:
        answer: Answer = "supported" if found.separated else "refuted" if found.verdict == "equivalent" else "not shown"
        claimed = f"{found.variant} ≠ {found.baseline}"
        parts.append(Part.of(claimed, answer, _why(found, rules, len(compared)), found))
    return tuple(parts)


def _link_part(link: Link, found: Comparison, rules: Rules, comparisons: int) -> Part:
    why = _why(found, rules, comparisons)
    if found.verdict == "not shown" and link.sign != "≈":
        why += _outlook(link.sign, found, rules, comparisons)
    return Part.of(_claimed(link), _link_answer(link.sign, found), why, found)


def _outlook(sign: Sign, found: Comparison, rules: Rules, comparisons: int) -> str:
    """Return how many more seeds would show the observed difference, if it has the claimed sign."""
    if found.difference * (1 if sign == ">" else -1) < 0:
        return "; what is seen points the other way"
    pairs = pairs_to_show(found, rules, comparisons)
    return f"; about {pairs - found.n} more seeds would show it" if pairs and pairs > found.n else ""


def _link_answer(sign: Sign, found: Comparison) -> Answer:
    """Return a link's answer. The rules are those of `_rules`: "better" means more, for every metric."""
    if sign == "≈":
        shown = {"equivalent": "supported", "better": "refuted", "worse": "refuted"}
        return shown.get(found.verdict, "not shown")  # type: ignore[return-value]  # those are answers
    if not found.separated:
        return "not shown"
    return "supported" if (found.difference > 0) == (sign == ">") else "refuted"


def _claimed(link: Link) -> str:
    return f"{link.left} {link.sign} {link.right}"


def _rules(claim: Claim, plan: PlanRecord, metric: str = "") -> Rules:
    """Return a claim's rules; "better" means more, as relations speak of more and less.

    If seeds were added until all verdicts were decided, each interim analysis has its share of alpha.
    """
    analyses = len(plan.criteria.interim_analyses)
    alpha = alpha_per_analysis(claim.alpha, analyses) if analyses else claim.alpha
    found = Rules.for_metric(find_metric(metric or claim.metric, declared_in(plan)), margin=claim.margin, alpha=alpha)
    return replace(found, higher_is_better=True, words=BETTER)


def _why(found: Comparison, rules: Rules, comparisons: int) -> str:
    """Return a comparison as a sentence: difference with its interval, n, and p."""
    about = f"{found.variant} − {found.baseline}"
    if found.n < MINIMUM_PAIRS:
        return f"{about}: n = {found.n} is too small{_lost(found)}"
    seen = f"{about} = {difference_in_words(found, rules)}, n = {found.n} paired seeds{_lost(found)}"
    if found.verdict == "n too small":
        return f"{seen}: {_too_small(found, rules, comparisons)}"
    if found.verdict == "equivalent":
        return f"{seen}: equivalent" + (f" within {margin_in_words(rules)}" if rules.margin else "")
    return f"{seen}, {p_in_words(found.p_holm)}"


def _too_small(found: Comparison, rules: Rules, comparisons: int) -> str:
    return f"n = {found.n} is too small, {seeds_needed(comparisons, rules.alpha)} could show it"


def _lost(found: Comparison) -> str:
    return f", {found.dropped} seed{'s' * (found.dropped != 1)} left out" if found.dropped else ""


def counts_in_words(answers: Iterable[ClaimAnswer]) -> str:
    """Return the counts of answers: "4 claims: 1 supported, 1 refuted, 2 not shown"."""
    given = [answer.answer for answer in answers]
    counts = [f"{given.count(answer)} {answer}" for answer in ("supported", "refuted", "not shown")]
    return f"{len(given)} claim{'s' * (len(given) != 1)}: {', '.join(counts)}"


def _uncapitalized(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


_NUMBERS = ("n", "dropped", "difference", "difference_low", "difference_high", "p", "p_holm")
COLUMNS = ("claim", "text", "relation", "metric", "at", "answer", "part", "part_answer", *_NUMBERS, "why")


def claims_table(answers: Sequence[ClaimAnswer]) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
    """Return claims.csv: one row per part of a claim, in the metric's unit; a claim without parts has one row."""
    rows: list[dict[str, ParameterValue]] = []
    for number, answer in enumerate(answers, start=1):
        head: dict[str, ParameterValue] = {"claim": number, "answer": answer.answer}
        head |= {name: getattr(answer, name) for name in ("text", "relation", "metric", "at")}
        rows += [head | _row(part) for part in answer.parts] or [head | {"why": answer.why}]
    return COLUMNS, rows


def _row(part: Part) -> dict[str, ParameterValue]:
    numbers = {name: getattr(part, name) for name in _NUMBERS}
    return {"part": part.claimed, "part_answer": part.answer, "why": part.why} | numbers
