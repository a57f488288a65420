"""What a search found: the score of each point, the choice for each variant, and what speaks against it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dlbench.components.metric_table import METRICS
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord
from dlbench.statistics.sums import mean
from dlbench.trials.trial_record import COMPLETED, TrialRecord

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class ScoredCandidate:
    """One point of a search with what its trials gave.

    candidate: the point.
    number: its place in the search; 0 is the variant as it was asked for.
    score: mean of the validation metric over the tuning seeds; None if not all of its trials have ended with a result.
    diverged: whether one of its trials diverged, which makes it the worst of all.
    failed: whether one of its trials has failed.
    """

    candidate: Candidate
    number: int
    score: float | None
    diverged: bool = False
    failed: bool = False

    @property
    def counts(self) -> bool:
        """Return whether its score may be chosen."""
        return self.score is not None and not self.diverged


def scored(records: Mapping[Key, TrialRecord], search: Search, label: str, metric: str) -> tuple[ScoredCandidate, ...]:
    """Return the points of a variant with their scores. records: of tuning trials, by variant_id and seed."""
    return tuple(
        _score(candidate, number, [records.get((candidate.variant_id, seed)) for seed in search.seeds], metric)
        for number, candidate in enumerate(search.candidates[label])
    )


def _score(candidate: Candidate, number: int, found: Sequence[TrialRecord | None], metric: str) -> ScoredCandidate:
    completed = [record for record in found if record and record.status in COMPLETED]
    values = [record.metrics.get(metric) for record in completed]
    numbers = [float(value) for value in values if value is not None and math.isfinite(value)]
    return ScoredCandidate(
        candidate=candidate,
        number=number,
        score=mean(numbers) if len(numbers) == len(found) else None,
        diverged=any(record.status == "diverged" for record in completed),
        failed=any(record is not None and record.status not in COMPLETED for record in found),
    )


def best(candidates: Iterable[ScoredCandidate], metric: str) -> ScoredCandidate:
    """Return the point with the best score, the first of equals; where none has a score, the variant's own settings."""
    found = list(candidates)
    sign = 1 if METRICS[metric].higher_is_better else -1
    return max(
        found,
        key=lambda each: (sign * each.score if each.counts and each.score is not None else -math.inf, -each.number),
    )


def tuning_records(records: Iterable[TrialRecord]) -> dict[Key, TrialRecord]:
    """Return the records of tuning trials by variant_id and seed."""
    return {(record.trial.variant_id, record.trial.seed): record for record in records if record.trial.role == "tuning"}


def choose(records: Iterable[TrialRecord], tuning: TuningRecord) -> TuningRecord:
    """Return a search's record with the best point of every variant chosen."""
    known = tuning_records(records)
    return tuning.ended(
        tuple(
            {
                label: best(scored(known, search, label, tuning.metric), tuning.metric).number
                for label in search.candidates
            }
            for search in tuning.searches
        )
    )


def search_seconds(records: Iterable[TrialRecord], tuning: TuningRecord) -> float:
    """Return the training time of all tuning trials so far."""
    known = tuning_records(records)
    return sum(float(known[key].cost.get("train_seconds") or 0) for key in tuning.trials & known.keys())
