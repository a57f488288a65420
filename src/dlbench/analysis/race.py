"""The race of a growing comparison: which of its verdicts are decided at which look, and which variants go on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from dlbench.analysis.families import Family
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.verdicts import Comparison, Look

#: The axis of a comparison, and the labels of the plan's variants behind its two sides.
Key = tuple[str, frozenset[str], frozenset[str]]
#: Judges what the verdicts of a race are at a stage of its plan.
Judge = Callable[[PlanRecord, "Race"], Iterable[Family]]


@dataclass(frozen=True, kw_only=True)
class Race:
    """How far the comparisons of a plan, and its variants, have come. One that does not grow has a single look.

    looks: those that were made.
    decided: number from 0 of the look at which a comparison was decided.
    settled: a decided comparison as it was then, where it is judged by the criteria of the race.
    finished: number from 0 of the look after which a variant got no more seeds, by label.
    planned: the number of seeds at each look, those to come included; () for a plan that does not grow.
    complete: whether everything is decided.
    """

    looks: tuple[Look, ...] = ()
    decided: Mapping[Key, int] = field(default_factory=dict)
    settled: Mapping[Key, Comparison] = field(default_factory=dict)
    finished: Mapping[str, int] = field(default_factory=dict)
    planned: tuple[int, ...] = ()
    complete: bool = False

    def look(self, axis: str, variant: Iterable[str], baseline: Iterable[str]) -> Look:
        """Return the look at which a comparison is judged: its own, or the last one that all of its variants have."""
        last = len(self.looks) - 1
        if (key := _key(axis, variant, baseline)) in self.decided:
            return self.looks[self.decided[key]]
        return self.looks[min((self.finished.get(label, last) for label in key[1] | key[2]), default=last)]

    def settle(
        self, axis: str, labels: Mapping[str, Iterable[str]], comparisons: Iterable[Comparison]
    ) -> tuple[Comparison, ...]:
        """Return comparisons, the decided ones as they were at their look. labels: behind each name."""
        return tuple(self.settled.get(_key(axis, labels[c.variant], labels[c.baseline]), c) for c in comparisons)

    def judged_by(self, criteria: Criteria) -> "Race":
        """Return the race with other criteria: the same results, of which nothing is settled."""
        looks = tuple(replace(look, alpha=criteria.level(len(look.seeds))) for look in self.looks)
        return replace(self, looks=looks, settled={})

    @property
    def over(self) -> bool:
        """Return whether no more looks follow: everything is decided, or the last one was made."""
        return self.complete or len(self.looks[-1].seeds) >= self.planned[-1]

    @property
    def seeds_of_finished(self) -> dict[str, int]:
        """Return the number of seeds of each variant that gets no more, by label."""
        return {label: len(self.looks[look].seeds) for label, look in self.finished.items()}

    def state(self, verdicts: int, variants: int) -> str:
        """Return what the last look decided of so many verdicts: "13 of 23 verdicts are decided; …"."""
        decided = len(self.decided)
        if decided == verdicts:
            return "all verdicts are decided"
        stopped = len(self.finished)
        more = f"; {stopped} variant{'s' * (stopped != 1)} need{'s' * (stopped == 1)} no more seeds" if stopped else ""
        left = (variants - stopped) * (self.planned[-1] - len(self.looks[-1].seeds)) if self.planned else 0
        most = f", at most {left:,} trials are left" if left else ""
        return f"{decided} of {verdicts} verdicts {'is' if decided == 1 else 'are'} decided{more}{most}"

    def seeds_of(self, label: str) -> int:
        """Return the number of seeds that a variant got."""
        return len(self.looks[self.finished.get(label, len(self.looks) - 1)].seeds)

    def _next(self, look: Look) -> "Race":
        return replace(self, looks=(*self.looks, look))

    def _decide(self, families: Iterable[Family], labels: Iterable[str]) -> "Race":
        """Return the race with what is decided at its last look."""
        now = len(self.looks) - 1
        found = {
            _key(f.axis, f.labels.get(c.variant, ()), f.labels.get(c.baseline, ())): c
            for f in families
            for c in f.comparisons
        }
        # More seeds may show that a difference is not negligible.
        new = {
            key: c
            for key, c in found.items()
            if c.decided and c.verdict != "differs, may be negligible" and key not in self.decided
        }
        decided = {**self.decided, **dict.fromkeys(new, now)}
        taking_part = {label: [key for key in found if label in key[1] | key[2]] for label in labels}
        done = [label for label, keys in taking_part.items() if keys and all(key in decided for key in keys)]
        return replace(
            self,
            decided=decided,
            complete=len(decided) == len(found),
            settled={**self.settled, **new},
            finished=dict.fromkeys(done, now) | dict(self.finished),
        )


def _key(axis: str, variant: Iterable[str], baseline: Iterable[str]) -> Key:
    return axis, frozenset(variant), frozenset(baseline)


def replay(plan: PlanRecord, judge: Judge) -> Race:
    """Return the race of a plan so far, look by look: what is decided at one stays so, whatever comes later.

    judge: returns the families whose verdicts decide when a variant is done.
    """
    criteria, seeds = plan.criteria, plan.seeds
    race = Race()
    if criteria.spending == "even" or not criteria.interim_analyses:
        return race._next(Look(seeds, criteria.level(len(seeds))))
    race = replace(race, planned=criteria.interim_analyses)
    labels = [variant.label for variant in plan.variants]
    before = [count for count in criteria.interim_analyses if count < len(seeds)]
    for count in (*before, len(seeds)):
        race = race._next(Look(seeds[:count], criteria.level(count)))
        families = tuple(judge(replace(plan, seeds=seeds[:count]), race))
        race = race._decide(families, labels)
        if race.complete:
            break
    return race


def saving(race: Race, plan: PlanRecord) -> str:
    """Return how many trials were enough for a race, as a sentence; "" where it is not over, or needed all."""
    if not race.planned:
        return ""
    most = len(plan.variants) + bool(plan.noise_floor)
    own = replace(plan, seeds=race.looks[-1].seeds, finished=race.seeds_of_finished)
    if not race.over or own.trial_count == most * race.planned[-1]:
        return ""
    labels = [v.label for v in plan.variants if v.label != plan.baseline or plan.criteria.all_pairs]
    early = [count for label in labels if (count := race.seeds_of(label)) < race.planned[-1]]
    *others, last = sorted({*early})
    at = f"{', '.join(map(str, others))} or {last}" if others else last
    about = f"{own.trial_count:,} of {most * race.planned[-1]:,} trials were enough"
    if len(labels) == 1:
        return f"{about}: the verdict was decided at {at} seeds"
    return (
        f"{about}: {len(early)} of {len(labels)} variants {'was' if len(early) == 1 else 'were'} decided at {at} seeds"
    )
