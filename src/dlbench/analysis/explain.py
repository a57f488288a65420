"""Which diagnostics differ between a run's variants, judged by the rules of the run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan

from dlbench.analysis.diagnostics import FIRST, LAST, base_name, layers_of, measured_epochs, names_in, names_of
from dlbench.analysis.families import Family, Series, known, name_values
from dlbench.analysis.places import DATASET, short_name
from dlbench.analysis.verdicts import judge_run, race_of
from dlbench.analysis.wording import about
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.plans.hold import held_in_words
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.sentences import difference_in_words, p_in_words, seeds_ahead_in_words, seeds_in_words
from dlbench.statistics.sums import mean
from dlbench.statistics.verdicts import HIGHER, UNNAMED, Comparison, Look, Rules
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A diagnostic that was shown to differ.

    metric: the diagnostic's value, as a metric.
    axis: what varies.
    averaged: axes that it is averaged over.
    word: "higher" or "lower", for the variant.
    baseline_mean: mean of the baseline over the same pairs.
    comparison: the comparison.
    sentence: the difference as a sentence.
    """

    metric: Metric
    axis: str
    averaged: tuple[str, ...]
    word: str
    baseline_mean: float
    comparison: Comparison
    sentence: str

    def document(self) -> dict[str, ParameterValue]:
        """Return it as JSON content."""
        found = asdict(self.comparison)
        numbers = {
            name: found[name] for name in ("n", "difference", "difference_low", "difference_high", "p", "p_adjusted")
        }
        head: dict[str, ParameterValue] = {
            "metric": self.metric.name,
            "axis": self.axis,
            "variant": self.comparison.variant,
        }
        means = {"mean": self.comparison.mean, "baseline_mean": self.baseline_mean}
        words = {"verdict": self.word, "sentence": self.sentence}
        return head | {"baseline": self.comparison.baseline} | means | numbers | words


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The diagnostics that differ.

    differences: one for each difference that was shown.
    judged: number of comparisons.
    epochs: measured epochs.
    n: largest number of pairs.
    one_sided: diagnostics that no comparison has on both sides.
    """

    differences: tuple[Difference, ...]
    judged: int
    epochs: tuple[int, ...]
    n: int
    one_sided: tuple[str, ...] = ()


def explain(records: Iterable[TrialRecord], plan: PlanRecord) -> Explanation:
    """Judge every diagnostic of a run at its last measured epoch: the mean over layers, the first and the last layer.

    Of diagnostics that the plan does not ask for, as another comparison of the folder did, those that all trials have.
    All of them are one family under the run's α, without a margin: no relevant difference was fixed beforehand.
    """
    trials = tuple(record for record in records if record.status in COMPLETED)
    seen = Counter(name for record in trials for name in names_of(record))
    asked_for = [name for name in names_in(plan) if name in seen]
    names = dict.fromkeys([*asked_for, *(name for name, count in seen.items() if count == len(trials))])
    asked = [{"metric": metric, "margin": 0.0, "at": "last"} for name in names for metric in _metrics(trials, name)]
    race = race_of(trials, plan)
    judged = [
        (family, found, run.rules)
        for run in (judge_run(trials, plan, criteria, race) for criteria in asked)
        for family in run.families
        for found in family.against_baseline
    ]
    together = _together(judged)
    held = held_in_words(plan.held, (record.trial for record in trials))
    return Explanation(
        differences=tuple(
            _difference(family, replace(found, p_adjusted=one.p_adjusted), rules, plan, held)
            for (family, found, rules), one in zip(judged, together, strict=True)
            if one.separated
        ),
        judged=len(judged),
        epochs=tuple(sorted({epoch for name in names for epoch in measured_epochs(trials, name)})),
        n=max((found.n for _, found, _ in judged), default=0),
        one_sided=_one_sided(judged),
    )


def _one_sided(judged: Sequence[tuple[Family, Comparison, Rules]]) -> tuple[str, ...]:
    """Return the diagnostics that no comparison has on both sides, as where the baseline has none."""
    seen = {base_name(rules.metric.name) for _, found, rules in judged if found.n}
    return tuple(dict.fromkeys(name for _, _, rules in judged if (name := base_name(rules.metric.name)) not in seen))


def _together(judged: Sequence[tuple[Family, Comparison, Rules]]) -> tuple[Comparison, ...]:
    """Return the comparisons of all diagnostics as one family: its correction has no use for their units."""
    if not judged:
        return ()
    values: dict[str, Series] = {}
    pairs = []
    for place, (family, found, _) in enumerate(judged):
        pair = (f"{place} {found.variant}", f"{place} {found.baseline}")
        values |= {pair[0]: family.values[found.variant], pair[1]: family.values[found.baseline]}
        pairs.append(pair)
    looks = dict(zip(pairs, (Look(found.seeds, found.alpha) for _, found, _ in judged), strict=True))
    rules = replace(judged[0][2], metric=UNNAMED, words=HIGHER, higher_is_better=True)
    return compare_pairs(values, pairs, rules, lambda *pair: looks[pair])


def _metrics(records: Sequence[TrialRecord], name: str) -> list[str]:
    several = len(layers_of(records, name)) > 1
    return [name, f"{name}@{FIRST}", f"{name}@{LAST}"] if several else [name]


def _difference(family: Family, found: Comparison, rules: Rules, plan: PlanRecord, held: str) -> Difference:
    word = "higher" if found.side > 0 else "lower"
    baseline = {seed: family.values[found.baseline].get(seed) for seed in found.seeds}
    size = seeds_ahead_in_words(found) if isnan(found.difference) else difference_in_words(found, rules)
    seen = f"{size}, {seeds_in_words(found)}, {p_in_words(found.p_adjusted)}"
    named = name_values(found, family.axis)
    said = about(family, rules.metric, short_name(plan.fixed.get(DATASET, "")), "last", held)
    return Difference(
        metric=rules.metric,
        axis=family.axis,
        averaged=family.averaged,
        word=word,
        baseline_mean=mean(known(baseline)),
        comparison=found,
        sentence=f"{said}: {word} in {named.variant} than in {named.baseline}, {seen}",
    )
