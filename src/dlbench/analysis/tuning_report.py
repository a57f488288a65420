"""The search that preceded a comparison, for its readers: its choices, what it was worth, what speaks against it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.summary import group_by_variant
from dlbench.analysis.tuning import Key, ScoredCandidate, scored, tuning_records
from dlbench.components.metric_table import METRICS
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.components.search import read_range
from dlbench.components.syntax import format_value
from dlbench.plans.plan_record import PlanRecord
from dlbench.plans.tuning_record import TuningRecord, name_in_words
from dlbench.statistics.sums import mean
from dlbench.trials.trial_record import COMPLETED, TrialRecord

#: A choice closer to an end of its range, as a share of the range, may lie beyond it.
_EDGE = 0.05
#: As many points a searched value are the fewest that cover it.
_POINTS_EACH = 5
#: So many other points of a search with the best score say that validation is too coarse.
_TIES = 2


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What one search found for one variant.

    points: its points, with their scores; the first is the variant as it was asked for.
    chosen: the one that was chosen.
    """

    points: tuple[ScoredCandidate, ...]
    chosen: ScoredCandidate


@dataclass(frozen=True, kw_only=True)
class TunedVariant:
    """What was found for one variant.

    label: label of the variant.
    results: one or, where the procedure is judged, one for each study.
    validation: the same metric on the seeds of the evaluation, where nothing was chosen by it; None before that.
    """

    label: str
    results: tuple[SearchResult, ...]
    validation: float | None = None

    @property
    def points(self) -> tuple[ScoredCandidate, ...]:
        """Return all points."""
        return tuple(point for result in self.results for point in result.points)

    @property
    def diverged(self) -> int:
        """Return how many points diverged."""
        return sum(point.diverged for point in self.points)

    @property
    def is_untrained(self) -> bool:
        """Return whether no point could be trained to its end, so that its own settings are kept untuned.

        Where the records of the search are not there, nothing is said of it.
        """
        return all(point.diverged or point.failed for point in self.points)

    @property
    def failed(self) -> int:
        """Return how many points failed."""
        return sum(point.failed for point in self.points)

    @property
    def default_score(self) -> float | None:
        """Return the score of the variant as it was asked for; None where it has none."""
        return _mean_score([result.points[0] for result in self.results])

    @property
    def tuned_score(self) -> float | None:
        """Return the score of what was chosen; None where it has none."""
        return _mean_score([result.chosen for result in self.results])

    @property
    def optimism(self) -> float | None:
        """Return how far the score of what was chosen lies above validation on fresh seeds."""
        score = self.tuned_score
        return None if score is None or self.validation is None else score - self.validation

    def default(self, name: str) -> ParameterValue:
        """Return what the variant was asked for with."""
        return self.results[0].points[0].candidate.values.get(name)

    def chosen(self, name: str) -> tuple[ParameterValue, ...]:
        """Return what the searches chose."""
        return tuple(result.chosen.candidate.values.get(name) for result in self.results)

    @property
    def is_default(self) -> bool:
        """Return whether no search found anything better than what was asked for."""
        return not any(result.chosen.number for result in self.results)


def _mean_score(points: Sequence[ScoredCandidate]) -> float | None:
    scores = [point.score for point in points if point.counts and point.score is not None]
    return mean(scores) if len(scores) == len(points) else None


@dataclass(frozen=True, kw_only=True)
class TuningReport:
    """The search that preceded a comparison.

    record: what was searched.
    metric: what chose.
    variants: what was found for each variant, in the order of the plan.
    """

    record: TuningRecord
    metric: Metric
    variants: tuple[TunedVariant, ...]

    @property
    def introduction(self) -> str:
        """Return what verdicts are about: "At the best of 8 learning rates each, chosen on validation …"."""
        return introduction(self.record, [variant.label for variant in self.variants if variant.is_untrained])

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what speaks against the search, a sentence each."""
        return (*_too_few(self.record), *(text for variant in self.variants for text in _guards(variant, self.record)))


def introduction(record: TuningRecord, untrained: Sequence[str] = ()) -> str:
    """Return what verdicts on tuned variants are about: "At the best of 8 learning rates each, chosen on …".

    untrained: labels of variants of which no point could be trained.
    """
    names = [name_in_words(name) for name in record.names]
    what = f"{names[0]}s" if len(names) == 1 else f"settings of {', '.join(names[:-1])} and {names[-1]}"
    searched = f"the best of {record.budget} {what}"
    but = f"none of {' and '.join(untrained)} could be trained" if untrained else ""
    if record.judges_procedure:
        details = f"{searched} in each of {len(record.searches)} searches{but and f'; {but}'}"
        return f"As tuned by this procedure ({details})"
    return f"At {searched} each{but and f' ({but})'}, chosen on validation with other seeds"


def report_tuning(records: Iterable[TrialRecord], plan: PlanRecord) -> TuningReport | None:
    """Return what the search before a comparison found; None where there was none here, or it has not ended."""
    tuning = plan.tuning
    if tuning is None or tuning.elsewhere or not tuning.is_chosen:
        return None
    found = tuple(records)
    known, groups = tuning_records(found), group_by_variant(found, plan)
    variants = tuple(_variant(each.label, tuning, known, groups[each.variant_id]) for each in plan.variants)
    return TuningReport(record=tuning, metric=METRICS[tuning.metric], variants=variants)


def _variant(
    label: str, tuning: TuningRecord, known: Mapping[Key, TrialRecord], evaluated: Sequence[TrialRecord]
) -> TunedVariant:
    results = []
    for search in tuning.searches:
        points = scored(known, search, label, tuning.metric)
        results.append(SearchResult(points=points, chosen=points[search.chosen[label]]))
    query = Query(metric=tuning.metric)
    values = [metric_value(record, query) for record in evaluated if record.status in COMPLETED]
    numbers = [value for value in values if value is not None]
    return TunedVariant(label=label, results=tuple(results), validation=mean(numbers) if numbers else None)


def _too_few(record: TuningRecord) -> Iterator[str]:
    most = max((len(ranges) for ranges in record.ranges.values()), default=0)
    if record.budget < _POINTS_EACH * most:
        yield (
            f"{record.budget} points are few for {most} searched value{'s' * (most > 1)}: "
            f"--budget {_POINTS_EACH * most} or more covers {'them' if most > 1 else 'it'} better"
        )


def _guards(variant: TunedVariant, record: TuningRecord) -> Iterator[str]:
    """Yield what speaks against a variant's search."""
    points = len(variant.points)
    if variant.is_untrained:
        yield f"{variant.label}: no point could be trained to its end, so it keeps its own settings"
        return
    for name, text in record.ranges.get(variant.label, {}).items():
        edges = [value for value in _found(variant, name) if _is_at_edge(value, text)]
        if 2 * len(edges) > len(variant.results):
            yield (
                f"{variant.label}: the best {name_in_words(name)} found, {format_value(edges[0])}, lies at the edge of "
                f"{text}: a wider range may hold a better one"
            )
        if variant.is_default and _is_outside(variant.default(name), text):
            yield (
                f"{variant.label}: its own {name_in_words(name)}, {format_value(variant.default(name))}, was the best "
                f"and lies outside of {text}: a range around it may hold a better one"
            )
    if (tied := sum(map(_ties, variant.results))) >= _TIES * len(variant.results):
        yield (
            f"{variant.label}: {tied} of {points} points score exactly as what was chosen, the first of them: "
            "validation has too few images to tell them apart"
        )
    if 2 * variant.diverged > points:
        yield f"{variant.label}: {variant.diverged} of {points} points diverged, so few were left to choose from"
    if variant.failed:
        yield f"{variant.label}: {variant.failed} of {points} points failed, so its budget was smaller than others'"


def _ties(result: SearchResult) -> int:
    """Return how many other settings score exactly as what was chosen; one setting may be several points."""
    alike = {
        point.candidate.variant_id
        for point in result.points
        if point.counts and point.score == result.chosen.score and result.chosen.counts
    }
    return len(alike - {result.chosen.candidate.variant_id})


def _found(variant: TunedVariant, name: str) -> Iterator[ParameterValue]:
    """Yield the values that were chosen from the range, not kept from what was asked for."""
    for result in variant.results:
        if result.chosen.number:
            yield result.chosen.candidate.values.get(name)


def _is_at_edge(value: ParameterValue, text: str) -> bool:
    place = read_range(text).place(value)
    return place is not None and not _EDGE <= place <= 1 - _EDGE


def _is_outside(value: ParameterValue, text: str) -> bool:
    place = read_range(text).place(value)
    return place is not None and not 0 <= place <= 1
