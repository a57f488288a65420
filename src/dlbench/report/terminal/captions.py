"""What the cells of a table of verdicts mean, and by which criteria it was judged."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from operator import or_

from dlbench.analysis.families import Family, interval_levels
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import DATASET
from dlbench.analysis.wording import pairing
from dlbench.plans.criteria import Criteria
from dlbench.statistics.seeds import ALPHA
from dlbench.statistics.sentences import margin_in_words
from dlbench.statistics.verdicts import MINIMUM_PAIRS

#: What is said below the first of several tables begins with this.
_SHARED = "this table and those below:"


@dataclass(frozen=True)
class Signs:
    """What is to be explained of the tables that a screen shows.

    deviation: standard deviations.
    interval: intervals of differences.
    other_images: intervals on other images.
    here: verdicts on these images alone.
    averaged: averages over other axes.
    """

    deviation: bool
    interval: bool
    other_images: bool
    here: bool
    averaged: bool

    def __or__(self, other: "Signs") -> "Signs":
        """Return what is to be explained of both."""
        return Signs(*map(or_, astuple(self), astuple(other)))


def caption(family: Family, judged: Judged, signs: Signs) -> str:
    """Return what the cells of the columns mean, and what holds for all of them."""
    counts = [*(c.n for c in family.comparisons), *([family.baseline.n] if family.baseline else [])]
    lines = _criteria(family, judged, signs) if max(counts, default=0) >= MINIMUM_PAIRS else []
    if dropped := [f"{c.variant} {c.dropped}" for c in family.against_baseline if c.dropped]:
        paired = judged.rules.test == "paired"
        why = "pairs left out, as a seed has no value on one side" if paired else "seeds left out, without a value"
        lines.append(f"{why}: {', '.join(dropped)}")
    if judged.held:
        lines.append(held_caption(judged.held))
    lines += [f"n leaves out, which may flatter {name}: {lost}" for name, lost in family.lost.items()]
    if worth := pairing(family):
        lines.append(worth)
    if signs.averaged:
        lines.append("the verdicts on each combination are in comparison.csv")
    return "\n".join(lines)


def is_average(family: Family) -> bool:
    """Return whether a table averages over axes, so that comparison.csv has more."""
    return family.baseline is not None and bool(family.averaged) and DATASET not in family.averaged


def said_once(captions: Sequence[str]) -> list[str]:
    """Return the captions of several tables: the lines that all of them have stand below the first one alone."""
    lines = [caption.split("\n") for caption in captions]
    shared = [line for line in lines[0] if all(line in each for each in lines)] if len(lines) > 1 else []
    own = [[line for line in each if line not in shared] for each in lines]
    if shared:
        own[0] += [_SHARED, *shared]
    return ["\n".join(each) for each in own]


def held_caption(held: str) -> str:
    """Return over what the seeds do not run. held: what all of them share, "on one split"."""
    return f"{held}, the same for all seeds: nothing is said about others"


def _criteria(family: Family, judged: Judged, signs: Signs) -> list[str]:
    rules = judged.rules
    images = max((c.images for c in family.comparisons), default=0)
    parts = ["± standard deviation"] if signs.deviation else []
    levels = interval_levels(family.comparisons, rules)
    parts += [f"[ ] {levels} interval"] if signs.interval else []
    parts += ["seeds independent, not paired"] if rules.test == "independent" else []
    margin = f"margin {margin_in_words(rules)}{_in_images(rules.margin * images)}" if rules.margin else ""
    alpha = alpha_in_words(judged.criteria, judged.table_count)
    shown = ", ".join(parts)
    if not images:
        return ["; ".join(filter(None, (shown, margin, alpha)))]
    lines = ["; ".join(filter(None, (shown, alpha))), f"difference: on these {images:,} test images, over other seeds"]
    if signs.other_images:
        groups = max((c.groups for c in family.comparisons), default=0)
        other = f"groups of test images, here {groups:,}" if groups else "test images"
        lines.append(f"on other images: over other seeds and other {other}")
    if signs.here:
        lines.append("here: shown for these test images, not for others")
    return [*filter(None, (*lines, margin))]


def _in_images(count: float) -> str:
    """Return a margin as a number of test images, with a warning below one."""
    if not count:
        return ""
    return f" = {count:,.1f} images" + (", less than one" if count < 1 else "")


def alpha_in_words(criteria: Criteria, tables: int) -> str:
    """Return the error rate, for how many tables and over which looks; "" for the usual one of a table and a look."""
    looks = f" over the looks at {', '.join(map(str, criteria.interim_analyses))} seeds"
    shared = " for all tables together" if criteria.alpha_study else f" for each of {tables} tables"
    about = shared * (tables > 1) + looks * bool(criteria.interim_analyses)
    return f"α = {criteria.alpha:.3g}{about}" if about or criteria.alpha != ALPHA else ""
