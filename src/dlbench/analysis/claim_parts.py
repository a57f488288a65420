"""The parts of a claim: its comparisons, each with its answer and the reason."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from dlbench.analysis.claim_values import Series
from dlbench.analysis.yardstick import is_loss
from dlbench.experiments.relations import Link, Operand, Sign
from dlbench.statistics.comparisons import compare_pairs, interaction
from dlbench.statistics.notation import p_equation
from dlbench.statistics.power import shown_with
from dlbench.statistics.seed_values import known_values
from dlbench.statistics.seeds import least_seeds, minimum_seeds
from dlbench.statistics.sentences import (
    about_in_words,
    difference_in_words,
    margin_in_words,
    p_in_words,
    seeds_in_words,
)
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, Look, LookOf, Rules

Answer = Literal["supported", "refuted", "not shown"]
#: How the remark begins where the claimed difference lies within the margin.
_WITHIN = ": not"


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
    p: p by itself, of what is claimed: that the two differ, for ≈ that they do not; NaN where the answer is exact.
    p_adjusted: p of a difference, corrected over the parts of the claim.
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
    p_adjusted: float

    @classmethod
    def of(cls, claimed: str, answer: Answer, why: str, found: Comparison) -> "Part":
        """Return a part with the numbers of a comparison."""
        numbers = {name: value for name, value in asdict(found).items() if name in cls.__dataclass_fields__}
        return cls(claimed=claimed, answer=answer, why=why, **numbers)


def order_parts(
    links: Sequence[Link], series: Mapping[Operand, Series], look_of: LookOf, rules: Rules
) -> tuple[Part, ...]:
    """Return the parts of an ordering. It holds if all of its links do, so each link is shown by its own p.

    Refuting one of several links is a choice among them, and keeps its correction. A claim whose metric has no spread
    is exact: it has no p, and one seed suffices.

    Source: Berger 1982, Multiparameter Hypothesis Testing and Acceptance Sampling: intersection-union tests.
    """
    values = {operand.key: by_seed for operand, by_seed in series.items()}
    pairs = [(link.left.key, link.right.key) for link in links]
    together = compare_pairs(values, pairs, rules, look_of)
    parts = []
    for link, pair, corrected in zip(links, pairs, together, strict=True):
        look = look_of(*pair)
        stricter = replace(look, alpha=look.alpha / len(links))
        (alone,) = compare_pairs(values, [pair], rules, look_of)
        (strict,) = compare_pairs(values, [pair], rules, _always(stricter))
        exact = _is_exact(alone, values[link.left.key], rules)
        found = _Evidence(
            _as_written(alone, link), _as_written(corrected, link), _as_written(strict, link), exact=exact
        )
        parts.append(_link_part(link, found, replace(rules, alpha=look.alpha), len(links)))
    return tuple(parts)


def _as_written(found: Comparison, link: Link) -> Comparison:
    return replace(found, variant=str(link.left), baseline=str(link.right))


def _always(look: Look) -> LookOf:
    return lambda variant, baseline: look


@dataclass(frozen=True)
class _Evidence:
    """What is known of a link.

    alone: its comparison by itself.
    corrected: the same in the family of all links.
    strict: the same with an interval at α / m.
    exact: whether its metric has no spread.
    """

    alone: Comparison
    corrected: Comparison
    strict: Comparison
    exact: bool


def _link_part(link: Link, found: _Evidence, rules: Rules, links: int) -> Part:
    claimed, alone = _claimed(link), found.alone
    if found.exact:
        answer = _exact_answer(link.sign, alone, rules)
        tie = math.isnan(alone.difference) and not alone.nonzero  # infinite on both sides
        size = "0 on every seed" if tie else difference_in_words(alone, rules)
        why = f"{alone.variant} − {alone.baseline} = {size}, exact{_lost(alone)}"
        return Part.of(claimed, answer, why, replace(alone, p=math.nan, p_adjusted=math.nan))
    answer, remark = (_alike if link.sign == "≈" else _ordered)(link.sign, found, rules)
    shown = found.corrected if answer == "refuted" else alone
    why = (_measured(alone, rules) if remark.startswith(_WITHIN) else _why(link, alone, shown, rules)) + remark
    if answer == "not shown" and alone.verdict == "not shown":
        why += _outlook(link.sign, alone, rules, links)
    p = alone.p_equivalent if link.sign == "≈" else alone.p
    return Part.of(claimed, answer, why, replace(alone, p=p, p_adjusted=found.corrected.p_adjusted))


def _is_exact(found: Comparison, values: Series, rules: Rules) -> bool:
    """Return whether a metric has no spread: it follows from the network, or losses agree to the last digit.

    That all are infinite is no such agreement. values: those of the variant.
    """
    known = known_values(values)
    same = found.nonzero == 0 and any(math.isfinite(known[seed]) for seed in known.keys() & {*found.seeds})
    return found.n > 0 and (rules.metric.exact or (same and is_loss(rules.metric.name)))


def _exact_answer(sign: Sign, found: Comparison, rules: Rules) -> Answer:
    if sign == "≈":
        return "supported" if not found.nonzero or abs(found.difference) <= rules.margin else "refuted"
    return "supported" if found.side == _direction(sign) else "refuted"


def _direction(sign: Sign) -> int:
    return 1 if sign == ">" else -1


def _alike(sign: Sign, found: _Evidence, rules: Rules) -> tuple[Answer, str]:
    if found.alone.verdict == "equivalent":
        return "supported", ""
    return ("refuted" if found.corrected.verdict in rules.words else "not shown"), ""


def _ordered(sign: Sign, found: _Evidence, rules: Rules) -> tuple[Answer, str]:
    """Return the answer to "more" or "less", and what is to be added to its reason."""
    direction, alone = _direction(sign), found.alone
    ends = sorted(direction * end for end in (alone.difference_low, alone.difference_high))
    if alone.p <= rules.alpha and alone.side == direction:
        within = rules.margin > 0 and ends[1] <= rules.margin
        return "supported", f", though within the margin ({margin_in_words(rules)})" if within else ""
    if found.corrected.p_adjusted <= rules.alpha and alone.side == -direction:
        return "refuted", ": the other way round"
    upper = max(direction * end for end in (found.strict.difference_low, found.strict.difference_high))
    if rules.margin > 0 and alone.n >= minimum_seeds(alone.test) and upper < rules.margin:
        return "refuted", f"{_WITHIN} {'more' if direction > 0 else 'less'} by more than {margin_in_words(rules)}"
    return "not shown", ""


def interaction_parts(grid: Mapping[tuple[str, str], Series], look_of: LookOf, rules: Rules) -> tuple[Part, ...]:
    """Return the parts of an interaction: each difference of two effects, all of them one family."""
    parts = []
    for found in interaction(grid, rules, look_of):
        answer: Answer = "supported" if found.separated else "refuted" if found.verdict == "equivalent" else "not shown"
        claimed = f"{found.variant} ≠ {found.baseline}"
        parts.append(Part.of(claimed, answer, _seen(found, found, replace(rules, alpha=found.alpha)), found))
    return tuple(parts)


def _outlook(sign: Sign, found: Comparison, rules: Rules, links: int) -> str:
    """Return which side is seen where it is not the claimed one, and which difference these seeds could have shown."""
    reversed_side = found.side == -_direction(sign) and sign != "≈"
    seen = "; what is seen points the other way" if reversed_side else ""
    if not found.difference_std > 0:
        return seen
    size = about_in_words(shown_with(found, rules, links, found.n), rules)
    return f"{seen}; these seeds would show a difference of {size} in 4 of 5 studies"


def _claimed(link: Link) -> str:
    return f"{link.left} {link.sign} {link.right}"


def _why(link: Link, alone: Comparison, shown: Comparison, rules: Rules) -> str:
    if not math.isnan(alone.difference) or alone.n < MINIMUM_PAIRS:
        return _seen(alone, shown, rules)
    more, less = (alone.ahead, alone.behind) if link.sign == ">" else (alone.behind, alone.ahead)
    pairs = alone.n if alone.test == "paired" else math.prod(alone.sizes)
    count = f"{more} of {pairs}" if link.sign != "≈" else f"{pairs - more - less} of {pairs}"
    kind, by = ("paired seeds", "signs") if alone.test == "paired" else ("pairs of independent seeds", "ranks")
    return f"{_claimed(link)} in {count} {kind}{_lost(alone)}: {_p(shown, rules)} (by {by}, as some are infinite)"


def _seen(found: Comparison, shown: Comparison, rules: Rules) -> str:
    """Return a comparison as a sentence: difference with its interval, n, and p. shown: the one with the p."""
    if found.n < MINIMUM_PAIRS:
        return f"{found.variant} − {found.baseline}: n = {found.n} is too small{_lost(found)}"
    seen = _measured(found, rules)
    if found.verdict == "equivalent":
        return f"{seen}: equivalent" + (f" within {margin_in_words(rules)}" if rules.margin else "")
    return f"{seen}: {_p(shown, rules)}" if found.verdict == "n too small" else f"{seen}, {_p(shown, rules)}"


def _measured(found: Comparison, rules: Rules) -> str:
    about = f"{found.variant} − {found.baseline}"
    return f"{about} = {difference_in_words(found, rules)}, {seeds_in_words(found)}{_lost(found)}"


def _p(found: Comparison, rules: Rules) -> str:
    if found.verdict != "n too small":
        return p_in_words(found.p_adjusted) if found.p_adjusted != found.p else p_equation(found.p)
    least = least_seeds(rules.alpha, found.test)
    if found.n >= least and found.test == "paired":
        return f"only {found.nonzero} seeds differ, {least} that do could show it"
    return f"n = {found.n} is too small, {least} could show it"


def _lost(found: Comparison) -> str:
    return f", {found.dropped} seed{'s' * (found.dropped != 1)} left out" if found.dropped else ""
