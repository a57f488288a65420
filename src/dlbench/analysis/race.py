"""The race of a growing comparison: which of its verdicts are decided at which look, and which variants go on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from dlbench.analysis.diagnostics import declared_in
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
    given_up: the same of one that is not decided, but hardly will be at the last look either, so that one of its
        variants got no more seeds.
    settled: a comparison as it was when it was decided or given up, where it is judged by the criteria of the race.
    finished: number from 0 of the look after which a variant got no more seeds, by label.
    planned: the number of seeds at each look, those to come included; () for a plan that does not grow.
    complete: whether everything is decided or given up.
    """

    looks: tuple[Look, ...] = ()
    decided: Mapping[Key, int] = field(default_factory=dict)
    given_up: Mapping[Key, int] = field(default_factory=dict)
    settled: Mapping[Key, Comparison] = field(default_factory=dict)
    finished: Mapping[str, int] = field(default_factory=dict)
    planned: tuple[int, ...] = ()
    complete: bool = False

    def look(self, axis: str, variant: Iterable[str], baseline: Iterable[str]) -> Look:
        """Return the look at which a comparison is judged: its own, or the last one that all of its variants have."""
        if (key := _key(axis, variant, baseline)) in self.decided:
            return self.looks[self.decided[key]]
        return self._last_of(key[1] | key[2])

    def look_between(self, one: Iterable[str], other: Iterable[str]) -> Look:
        """Return the look at which variants are compared on whatever axis: that at which the race decided them."""
        sides = {frozenset(one), frozenset(other)}
        decided = [look for key, look in self.decided.items() if {key[1], key[2]} == sides]
        return self.looks[max(decided)] if decided else self._last_of(frozenset().union(*sides))

    def _last_of(self, labels: Iterable[str]) -> Look:
        """Return the last look that all of some variants have."""
        last = len(self.looks) - 1
        return self.looks[min((self.finished.get(label, last) for label in labels), default=last)]

    def settle(
        self, axis: str, labels: Mapping[str, Iterable[str]], comparisons: Iterable[Comparison]
    ) -> tuple[Comparison, ...]:
        """Return comparisons, each that is over as it was at its look. labels: behind each name."""
        return tuple(self.settled.get(_key(axis, labels[c.variant], labels[c.baseline]), c) for c in comparisons)

    def judged_by(self, criteria: Criteria) -> "Race":
        """Return the race with other criteria: the same results, of which nothing is settled."""
        looks = tuple(replace(look, alpha=criteria.level(len(look.seeds))) for look in self.looks)
        return replace(self, looks=looks, settled={})

    @property
    def over(self) -> bool:
        """Return whether no more looks follow: everything is decided or given up, or the last one was made."""
        return self.complete or len(self.looks[-1].seeds) >= self.planned[-1]

    @property
    def seeds_of_finished(self) -> dict[str, int]:
        """Return the number of seeds of each variant that gets no more, by label."""
        return {label: len(self.looks[look].seeds) for label, look in self.finished.items()}

    def state(self, verdicts: int, variants: int) -> str:
        """Return what the last look decided of so many verdicts: "13 of 23 verdicts are decided; …"."""
        decided, hopeless = len(self.decided), len(self.given_up)
        if decided == verdicts:
            return "all verdicts are decided"
        about = f"{decided} of {verdicts} verdict{'s' * (verdicts != 1)} {_are(decided if verdicts > 1 else 1)} decided"
        if hopeless:
            about += f", {hopeless} {_are(hopeless)} unlikely to be by {self.planned[-1]} seeds"
        stopped = len(self.finished)
        if not stopped or self.complete:
            return about
        left = (variants - stopped) * (self.planned[-1] - len(self.looks[-1].seeds))
        most = f", at most {left:,} trials are left" if left else ""
        return f"{about}; {stopped} variant{'s' * (stopped != 1)} need{'s' * (stopped == 1)} no more seeds{most}"

    def with_reasons(self, family: Family) -> Family:
        """Return a family whose sentences say which of its comparisons were given up."""
        why = f"; no more seeds, as a verdict by {self.planned[-1]} had become unlikely" if self.given_up else ""
        sides = [(family.labels.get(c.variant, ()), family.labels.get(c.baseline, ())) for c in family.comparisons]
        keys = [_key(family.axis, *both) for both in sides]
        texts = zip(family.sentences, keys, strict=True)
        return replace(family, sentences=tuple(text + why * (key in self.given_up) for text, key in texts))

    def seeds_of(self, label: str) -> int:
        """Return the number of seeds that a variant got."""
        return len(self.looks[self.finished.get(label, len(self.looks) - 1)].seeds)

    def _next(self, look: Look) -> "Race":
        return replace(self, looks=(*self.looks, look))

    def _decide(
        self, families: Iterable[Family], labels: Iterable[str], is_hopeless: Callable[[Comparison], bool]
    ) -> "Race":
        """Return the race with what is decided at its last look, and what is given up."""
        now = len(self.looks) - 1
        found = {
            _key(f.axis, f.labels.get(c.variant, ()), f.labels.get(c.baseline, ())): c
            for f in families
            for c in f.comparisons
        }
        open_now = {key: c for key, c in found.items() if key not in self.decided and key not in self.given_up}
        # More seeds may show that a difference is not negligible.
        new = {key: c for key, c in open_now.items() if c.decided and c.verdict != "differs, may be negligible"}
        hopeless = {key: c for key, c in open_now.items() if key not in new and is_hopeless(c)}
        going_on = open_now.keys() - new.keys() - hopeless.keys()
        done = _labels_of(found) - _labels_of(going_on)
        lost = {key: c for key, c in hopeless.items() if not done.isdisjoint(key[1] | key[2])}
        decided = {**self.decided, **dict.fromkeys(new, now)}
        given_up = {**self.given_up, **dict.fromkeys(lost, now)}
        return replace(
            self,
            decided=decided,
            given_up=given_up,
            complete=len(decided) + len(given_up) == len(found),
            settled={**self.settled, **new, **lost},
            finished={label: now for label in labels if label in done} | dict(self.finished),
        )


def _labels_of(keys: Iterable[Key]) -> frozenset[str]:
    return frozenset().union(*(key[1] | key[2] for key in keys))


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


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
        race = race._decide(families, labels, partial(_is_hopeless, plan=plan))
        if race.complete:
            break
    return race


def _is_hopeless(comparison: Comparison, plan: PlanRecord) -> bool:
    """Return whether a comparison that is not decided hardly will be at the last look of its plan."""
    if not plan.criteria.least_chance:
        return False
    from dlbench.statistics.power import chance_of_verdict

    rules, last = plan.criteria.rules(declared_in(plan)), plan.criteria.interim_analyses[-1]
    return chance_of_verdict(comparison, rules, last) < plan.criteria.least_chance


def saving(race: Race, plan: PlanRecord) -> str:
    """Return how many trials were enough for a race, as a sentence; "" where it is not over, or needed all."""
    if not race.planned:
        return ""
    most = len(plan.variants) + bool(plan.noise_floor)
    own = replace(plan, seeds=race.looks[-1].seeds, finished=race.seeds_of_finished)
    if not race.over or own.trial_count == most * race.planned[-1]:
        return ""
    labels = [v.label for v in plan.variants if v.label != plan.baseline or plan.criteria.all_pairs]
    early = [label for label in labels if race.seeds_of(label) < race.planned[-1]]
    lost = _labels_of(race.given_up).intersection(early)
    decided = [label for label in early if label not in lost]
    reasons = []
    if decided:
        were = f"{len(decided)} of {len(labels)} variants {'was' if len(decided) == 1 else 'were'} decided"
        about = were if len(labels) > 1 else "the verdict was decided"
        reasons.append(f"{about} at {_in_words({race.seeds_of(label) for label in decided})} seeds")
    if lost:
        about = f"{len(lost)} of {len(labels)} got" if len(labels) > 1 else "there were"
        counts = _in_words({race.seeds_of(label) for label in lost})
        reasons.append(f"{about} no more than {counts} seeds, as a verdict by {race.planned[-1]} was unlikely")
    return f"{own.trial_count:,} of {most * race.planned[-1]:,} trials were enough: {'; '.join(reasons)}"


def _in_words(counts: Iterable[int]) -> str:
    """Return "13, 16 or 20"."""
    *others, last = sorted(counts)
    return f"{', '.join(map(str, others))} or {last}" if others else str(last)
