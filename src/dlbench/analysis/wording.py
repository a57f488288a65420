"""What is said about families of comparisons: sentences that stand alone."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from dlbench.analysis.families import Family, name_values
from dlbench.analysis.places import DATASET, averaged_in_words, place_in_words
from dlbench.components.metrics import Metric
from dlbench.plans.criteria import At
from dlbench.statistics.sentences import lead_sentence, outlook_sentence, sentence
from dlbench.statistics.verdicts import Comparison, Rules

#: The numbers of seeds that are named as more than a comparison had: the first that is at least twice as many.
_MORE_SEEDS = (20, 50, 100)


def worded(family: Family, rules: Rules, dataset: str = "", at: At = "selected", held: str = "") -> Family:
    """Return a family with its sentences: each names the metric, the data set, and where or over what it was measured.

    dataset: the data set of the whole run; "" if it is not known or varies.
    at: the epoch at which the metric is read.
    held: what all seeds share, "on one split"; "" for nothing.
    """
    said = about(family, rules.metric, dataset, at, held)
    named = [name_values(comparison, family.axis) for comparison in family.comparisons]
    sentences = [sentence(c, replace(rules, alpha=c.alpha)) for c in named]
    if family.leads:
        pairs = zip(family.comparisons, family.leads, strict=True)
        sentences = [lead_sentence(c, lead, replace(rules.of_effects(), alpha=c.alpha)) for c, lead in pairs]
    return replace(
        family,
        sentences=tuple(
            f"{said}: {text}" + (f"; {lost}, left out" if (lost := family.lost.get(own.variant)) else "")
            for text, own in zip(sentences, family.comparisons, strict=True)
        ),
        outlook=tuple(
            f"{said}: {_outlook(c, between, replace(rules, alpha=c.alpha), family.size)}"
            for c, between in zip(named, _compared(family, named, rules), strict=True)
            if c.verdict == "not shown" and c.difference_std > 0
        ),
    )


def _compared(family: Family, named: Sequence[Comparison], rules: Rules) -> list[str]:
    """Return what each comparison is between: "tanh and relu", or "tanh's lead over relu at 0.003 and at 0.001"."""
    if family.leads:
        effects = rules.of_effects()
        return [f"{lead.subject(effects)} at {lead.at} and at {lead.usual}" for lead in family.leads]
    return [f"{c.variant} and {c.baseline}" for c in named]


def about(family: Family, metric: Metric, dataset: str, at: At, held: str = "") -> str:
    """Return what a family measured and where: "test accuracy on digits at learning rate 0.1, averaged over …".

    held: what all seeds share, "on one split"; "" for nothing.
    """
    own = dataset if DATASET not in (*family.averaged, *family.axis.split(" × ")) else ""
    place = place_in_words({**({DATASET: own} if own else {}), **family.place})
    epoch = {"selected": "", "last": "at the last epoch"}.get(str(at), f"at epoch {at}")
    text = " ".join(filter(None, (metric.title, epoch, place, held)))
    return f"{text}, averaged over {averaged_in_words(family.averaged_values)}" if family.averaged else text


def pairing(family: Family) -> str:
    """Return what sharing seeds was worth in a family, as a sentence; "" where it is not known."""
    known = [c for c in family.comparisons if c.difference_std > 0 and not math.isnan(c.correlation)]
    if not known or family.is_interaction:
        return ""
    middle = median(c.correlation for c in known)
    saved = round(median(c.n * ((c.unpaired_std / c.difference_std) ** 2 - 1) for c in known))
    worth = f"about {saved} seed{'s' * (saved > 1)}" if saved > 0 else "no seeds"
    return f"correlation across seeds {middle:.2f}: pairing saved {worth}"


def _outlook(comparison: Comparison, between: str, rules: Rules, size: int) -> str:
    from dlbench.statistics.power import shown_with

    n = comparison.n
    seeds = [n, next((more for more in _MORE_SEEDS if more >= 2 * n), 4 * n)]
    return outlook_sentence(between, rules, {pairs: shown_with(comparison, rules, size, pairs) for pairs in seeds})
