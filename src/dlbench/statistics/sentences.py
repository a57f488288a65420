"""Sentences about comparisons, to be quoted: what they show, or why nothing can be claimed."""

from dataclasses import dataclass
from math import floor, isfinite, log10

from dlbench.statistics.notation import p_equation, with_interval
from dlbench.statistics.seeds import seeds_needed
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, Rules

#: Whole numbers from here on are formatted as counts, without decimals.
_COUNTS_FROM = 1000


def sentence(comparison: Comparison, rules: Rules, comparisons: int) -> str:
    """Return what a comparison shows, or that it shows nothing. comparisons: m, the size of its family."""
    c = comparison
    if c.n < MINIMUM_PAIRS:
        return f"n = {c.n}: no claim"
    seeds = f"n = {c.n} paired seeds"
    evidence = f"{seeds}, {p_in_words(c.p_holm)}"
    match c.verdict:
        case "better" | "worse":
            return f"{c.variant} is {c.verdict} than {c.baseline} by {_amount(c, rules)}, {evidence}"
        case "higher" | "lower":
            about = f"{rules.metric.title} is {c.verdict} with {c.variant} than with {c.baseline}"
            return f"{about} by {_amount(c, rules)}, {evidence}"
        case "differs, may be negligible":
            return (
                f"{c.variant} differs from {c.baseline} by {difference_in_words(c, rules)}, {evidence}; "
                f"this may be negligible (margin {margin_in_words(rules)})"
            )
        case "equivalent":
            within = f"within {margin_in_words(rules)}" if rules.margin else "to the last digit"
            seen = difference_in_words(c, rules)
            return f"{c.variant} and {c.baseline} are equivalent {within}: difference {seen}, {seeds}"
        case "n too small":
            return f"no claim on {c.variant} against {c.baseline}: {_too_few(c, rules, comparisons)}"
    return f"not shown that {c.variant} and {c.baseline} differ: difference {difference_in_words(c, rules)}, {evidence}"


@dataclass(frozen=True)
class Lead:
    """What an interaction compares: the lead of a variant over its baseline at two values of another axis."""

    variant: str
    baseline: str
    at: str
    usual: str

    def subject(self, rules: Rules) -> str:
        """Return "tanh's lead over relu"; where neither side is better, "tanh's difference from relu"."""
        return f"{self.variant}'s {'lead over' if rules.has_better_side else 'difference from'} {self.baseline}"


def lead_sentence(comparison: Comparison, lead: Lead, rules: Rules, comparisons: int) -> str:
    """Return what a comparison of two leads shows. comparisons: m, the size of its family."""
    c, subject = comparison, lead.subject(rules)
    if c.n < MINIMUM_PAIRS:
        return f"n = {c.n}: no claim"
    seeds, seen = f"n = {c.n} paired seeds", difference_in_words(c, rules)
    evidence = f"{seeds}, {p_in_words(c.p_holm)}"
    match c.verdict:
        case "equivalent":
            within = f" within {margin_in_words(rules)}" if rules.margin else ""
            return f"{subject} is the same{within} at {lead.at} as at {lead.usual}: difference {seen}, {seeds}"
        case "not shown":
            return f"not shown that {subject} differs between {lead.at} and {lead.usual}: difference {seen}, {evidence}"
        case "n too small":
            about = f"no claim on whether {subject} differs between {lead.at} and {lead.usual}"
            return f"{about}: {_too_few(c, rules, comparisons)}"
        case "differs, may be negligible":
            about = f"{subject} differs between {lead.at} and {lead.usual} by {seen}, {evidence}"
            return f"{about}; this may be negligible (margin {margin_in_words(rules)})"
    value, _, interval = _amount(c, rules).partition(" [")
    word = c.verdict.partition(" ")[0]
    return f"{subject} is {value} {word} at {lead.at} than at {lead.usual} [{interval}, {evidence}"


def more_seeds_sentence(comparison: Comparison, rules: Rules, pairs: int | None) -> str:
    """Return how many pairs would show the observed difference. pairs: from `power.pairs_to_show`."""
    c = comparison
    seen = f"to show the difference seen between {c.variant} and {c.baseline}"
    if pairs is not None:
        return f"{seen} would take about {pairs} paired seeds (a guess from n = {c.n})"
    if abs(c.difference) <= rules.margin:
        return f"{seen}, no number of seeds would do: it lies within the margin ({margin_in_words(rules)})"
    return f"{seen}, the number of seeds cannot be guessed from n = {c.n}"


def _too_few(c: Comparison, rules: Rules, comparisons: int) -> str:
    needed, plural = seeds_needed(comparisons, rules.alpha), "s" * (comparisons != 1)
    reach = f"cannot reach p < {rules.alpha:g} in {comparisons} comparison{plural}"
    return f"n = {c.n} paired seeds {reach}, {needed} could"


def p_in_words(p: float) -> str:
    """Return a p after Holm's correction as text: "Holm p = 0.006", "Holm p < 0.001"."""
    return p_equation(p, "Holm p")


def _amount(comparison: Comparison, rules: Rules) -> str:
    """Return the size of a difference whose direction the sentence states in words."""
    ends = (comparison.difference, comparison.difference_low, comparison.difference_high)
    if comparison.difference < 0:
        ends = (-ends[0], -ends[2], -ends[1])
    return _figures(*ends, rules, sign="")


def difference_in_words(comparison: Comparison, rules: Rules) -> str:
    """Return "+1.2 points [0.7, 1.7]": the difference and its interval, in the unit shown to users."""
    if not isfinite(comparison.difference):
        return "unknown (a value is infinite)"
    return _figures(comparison.difference, comparison.difference_low, comparison.difference_high, rules, sign="+")


def _figures(difference: float, low: float, high: float, rules: Rules, sign: str) -> str:
    scale, unit = rules.metric.difference_scale, rules.metric.difference_unit
    digits = _digits(scale * ((high - low) or abs(difference)))
    while digits < 9 and any(x and not round(scale * x, digits) for x in (low, high)):
        digits += 1  # the verdict depends on which side of zero an end lies
    scaled = [scale * x for x in (difference, low, high)]
    if all(x.is_integer() and abs(x) >= _COUNTS_FROM for x in scaled):
        digits = 0

    def show(number: float) -> str:
        return f"{number:{sign}z,.{digits}f}"

    return with_interval(show(scaled[0]) + unit, scaled[1], scaled[2], show)


def _digits(width: float) -> int:
    """Return the number of decimals that shows two digits of a width; at least 1."""
    return min(9, max(1, 1 - floor(log10(width)))) if width > 0 else 1


def margin_in_words(rules: Rules) -> str:
    """Return "0.2 points"."""
    return rules.metric.difference_in_words(rules.margin)
