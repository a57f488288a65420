"""Sentences about comparisons, to be quoted: what they show, or why nothing can be claimed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, inf, isfinite, isnan, log10, prod

from dlbench.components.metrics import LONG
from dlbench.statistics.notation import p_equation, with_interval
from dlbench.statistics.seeds import least_seeds
from dlbench.statistics.verdicts import Comparison, Rules

#: Whole numbers from here on are formatted as counts, without decimals.
_COUNTS_FROM = 1000
#: With more decimals, numbers are shown by their powers of ten.
_MOST_DIGITS = 9


def sentence(comparison: Comparison, rules: Rules) -> str:
    """Return what a comparison shows, or that it shows nothing."""
    c = comparison
    seeds = seeds_in_words(c)
    evidence = f"{seeds}, {p_in_words(c.p_adjusted)}"
    match c.verdict:
        case "better" | "worse":
            about = f"{c.variant} is {c.verdict} than {c.baseline}"
            return f"{about} {_extent(c, rules)}, {evidence}{_breakdowns(c)}"
        case "higher" | "lower":
            about = f"{rules.metric.title} is {c.verdict} with {c.variant} than with {c.baseline}"
            return f"{about} {_extent(c, rules)}, {evidence}"
        case "differs, may be negligible":
            return (
                f"{c.variant} differs from {c.baseline} by {_seen(c, rules)}, {evidence}; "
                f"this may be negligible (margin {margin_in_words(rules)})"
            )
        case "equivalent":
            within = f"within {margin_in_words(rules)}" if rules.margin else "to the last digit"
            seen = _seen(c, rules)
            return f"{c.variant} and {c.baseline} are equivalent {within}: difference {seen}, {seeds}{_breakdowns(c)}"
        case "n too small":
            return f"no claim on {c.variant} against {c.baseline}: {_too_few(c, rules)}{_one_seed(c, rules)}"
    return f"not shown that {c.variant} and {c.baseline} differ: difference {_seen(c, rules)}, {evidence}"


def _one_seed(c: Comparison, rules: Rules) -> str:
    """Return what a single seed says of the test images; "" where it is not known."""
    if c.n != 1 or not c.images:
        return ""
    return f"; these two trained networks differ by {_seen(c, rules)}"


def _extent(c: Comparison, rules: Rules) -> str:
    """Return by how much the sides differ, or on how many seeds where a value is infinite."""
    if isnan(c.difference):
        return seeds_ahead_in_words(c)
    return f"by {_amount(c, rules)}{_images(c, rules, signed=False)}"


def seeds_ahead_in_words(c: Comparison) -> str:
    """Return on how many seeds the variant is where it is on most: "on 7 of 8 seeds, as some values are infinite"."""
    count = max(c.ahead, c.behind)
    where = f"on {count} of {c.n} seeds" if c.test == "paired" else f"in {count} of {prod(c.sizes)} pairs of seeds"
    return f"{where}, as some values are infinite"


def _seen(c: Comparison, rules: Rules) -> str:
    return difference_in_words(c, rules) + _images(c, rules)


def _images(c: Comparison, rules: Rules, *, signed: bool = True) -> str:
    """Return over which test images a difference runs, and its interval on others; "" where it is not known."""
    if not c.images:
        return ""
    low, high = c.images_low, c.images_high
    if not signed and c.difference < 0:
        low, high = -high, -low
    other = _figures(low, low, high, rules, sign="+" if signed else "").partition(" [")[2]
    kind = "groups of images" if c.groups else "images"
    alone = f"; not shown for other such {kind}" if c.these_images_only else f", on other such {kind}"
    return f" on these {c.images:,} test images{alone} [{other}"


def _breakdowns(c: Comparison) -> str:
    """Return how often the variant breaks down, where the verdict speaks for it: a mean is silent on a rare failure."""
    if c.verdict == "worse" or isnan(c.difference):
        return ""
    seen = "no seed" if not c.broke_down else f"{c.broke_down:.0f} of {c.own_n} seeds"
    return f"; {seen} broke down, but up to {100 * c.breakdown_high:.0f} % of seeds may"


@dataclass(frozen=True)
class Lead:
    """What an interaction compares: the lead of a variant over its baseline at two values of another axis."""

    variant: str
    baseline: str
    at: str
    usual: str

    def subject(self, rules: Rules) -> str:
        """Return "tanh's lead over relu" as what differs; with no better side, "tanh's difference from relu"."""
        return f"{self.variant}'s {'lead over' if rules.has_better_side else 'difference from'} {self.baseline}"


def lead_sentence(comparison: Comparison, lead: Lead, rules: Rules) -> str:
    """Return what a comparison of two leads shows."""
    c, subject = comparison, lead.subject(rules)
    seeds, seen = seeds_in_words(c), _seen(c, rules)
    evidence = f"{seeds}, {p_in_words(c.p_adjusted)}"
    match c.verdict:
        case "equivalent":
            within = f" within {margin_in_words(rules)}" if rules.margin else ""
            return f"{subject} is the same{within} at {lead.at} as at {lead.usual}: difference {seen}, {seeds}"
        case "not shown":
            return f"not shown that {subject} differs between {lead.at} and {lead.usual}: difference {seen}, {evidence}"
        case "n too small":
            about = f"no claim on whether {subject} differs between {lead.at} and {lead.usual}"
            return f"{about}: {_too_few(c, rules)}"
        case "differs, may be negligible":
            about = f"{subject} differs between {lead.at} and {lead.usual} by {seen}, {evidence}"
            return f"{about}; this may be negligible (margin {margin_in_words(rules)})"
    word = c.verdict.partition(" ")[0]
    if isnan(c.difference):
        return f"{subject} is {word} at {lead.at} than at {lead.usual} {seeds_ahead_in_words(c)}, {evidence}"
    value, _, interval = _amount(c, rules).partition(" [")
    about = f"{subject} is {value} {word} at {lead.at} than at {lead.usual} [{interval}"
    return f"{about}{_images(c, rules, signed=False)}, {evidence}"


def outlook_sentence(between: str, rules: Rules, detectable: Mapping[int, float]) -> str:
    """Return which differences would have been shown.

    between: what is compared, "tanh and relu".
    detectable: the smallest difference, by the number of seeds.
    """
    (here, smallest), *others = detectable.items()
    more = "".join(f"; with {pairs} seeds, {about_in_words(size, rules)}" for pairs, size in others)
    size = about_in_words(smallest, rules)
    return f"between {between}, these {here} seeds would show a difference of {size} in 4 of 5 studies{more}"


def about_in_words(difference: float, rules: Rules) -> str:
    """Return the rounded size of a difference: "about 1.4 points"."""
    unit = rules.metric.difference_unit
    size = f"{rules.metric.difference_scale * difference:#.2g}".removesuffix(".")
    return f"about {float(size):,.0f}{unit}" if "e+" in size and float(size) < LONG else f"about {size}{unit}"


def seeds_in_words(c: Comparison) -> str:
    """Return how many seeds a comparison has: "n = 7 paired seeds", or "n = 4 and 5 independent seeds"."""
    if c.test == "paired":
        return f"n = {c.n} paired seed{'s' * (c.n != 1)}"
    first, second = c.sizes
    return f"n = {first} and {second} independent seeds" if first != second else f"n = {first} independent seeds each"


def _too_few(c: Comparison, rules: Rules) -> str:
    if not c.n:
        return "no seed has a value of both"
    least = least_seeds(rules.alpha, c.test)
    if c.test == "independent":
        return f"{seeds_in_words(c)} cannot reach p ≤ {rules.alpha:.3g}, {least} each could"
    if c.n < least:
        return f"{seeds_in_words(c)} cannot reach p ≤ {rules.alpha:.3g}, {least} could"
    return f"only {c.nonzero} of n = {c.n} paired seeds differ, p ≤ {rules.alpha:.3g} needs {least} that do"


def p_in_words(p: float) -> str:
    """Return a corrected p as text: "adjusted p = 0.006", "adjusted p < 0.001"."""
    return p_equation(p, "adjusted p")


def _amount(comparison: Comparison, rules: Rules) -> str:
    """Return the size of a difference whose direction the sentence states in words."""
    ends = (comparison.difference, comparison.difference_low, comparison.difference_high)
    if comparison.difference < 0:
        ends = (-ends[0], -ends[2], -ends[1])
    return _figures(*ends, rules, sign="")


def difference_in_words(comparison: Comparison, rules: Rules) -> str:
    """Return a difference and its interval, in the unit shown to users: "+1.2 points [0.7, 1.7]"."""
    if not isfinite(comparison.difference):
        return "unknown (a value is infinite)"
    return _figures(comparison.difference, comparison.difference_low, comparison.difference_high, rules, sign="+")


def _figures(difference: float, low: float, high: float, rules: Rules, sign: str) -> str:
    scale, unit = rules.metric.difference_scale, rules.metric.difference_unit
    digits = _digits(scale * ((high - low) or abs(difference)))
    while digits < _MOST_DIGITS and any(x and not round(scale * x, digits) for x in (low, high)):
        digits += 1  # the verdict depends on which side of zero an end lies
    scaled = [scale * x for x in (difference, low, high)]
    if all(x.is_integer() and abs(x) >= _COUNTS_FROM for x in scaled):
        digits = 0

    form = "z.3g" if digits == _MOST_DIGITS or abs(scaled[0]) >= LONG else f"z,.{digits}f"

    def show(number: float) -> str:
        return f"{number:{sign}{form}}"

    return with_interval(show(scaled[0]) + unit, scaled[1], scaled[2], show)


def _digits(width: float) -> int:
    """Return the number of decimals that shows two digits of a width; at least 1."""
    return min(_MOST_DIGITS, max(1, 1 - floor(log10(width)))) if 0 < width < inf else 1


def margin_in_words(rules: Rules) -> str:
    """Return the margin in the unit shown to users: "0.2 points"."""
    return rules.metric.difference_in_words(rules.margin)
