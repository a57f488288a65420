"""The tuning stage of a plan: the same points for every variant, on seeds of its own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from dlbench.errors import DlbenchError, suggest
from dlbench.plans.search_space import Dimension, ranges_of, search_space, untuned_identity, with_point
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord, in_words, name_in_words
from dlbench.plugins.registry import Registry
from dlbench.statistics.search_points import DESIGNS, Design, search_points
from dlbench.trials.axes import axis_name
from dlbench.trials.trial import Trial

BUDGET, LEAST_BUDGET, LARGEST_BUDGET = 8, 2, 100_000
LEAST_STUDIES = 6
#: As many points are tried at most where the budget is a time.
MOST_IN_TIME = 256
#: Tuning seeds start here, and those of each further study so much later.
FIRST_SEED, BETWEEN_STUDIES = 1_000_000, 1_000
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|min|s)")
_SECONDS = {"h": 3600, "m": 60, "min": 60, "s": 1}


@dataclass(frozen=True, kw_only=True)
class Tune:
    """What is to be tuned before a comparison, as the user wrote it.

    ranges: NAME=RANGE, NAME for the declared range, or "auto".
    budget: number of points for each variant, its own settings among them, or a training time such as "2h"; "" for 8.
    studies: how often the whole search is repeated, so that the procedure is judged; 0 to judge what it found.
    seeds: tuning seeds a point.
    design: how points are drawn.
    """

    ranges: Sequence[str] = ()
    budget: str = ""
    studies: int = 0
    seeds: int = 1
    design: str = "sobol"

    @property
    def points(self) -> int | None:
        """Return the number of points; None where the budget is a time."""
        if self.seconds is not None:
            return None
        try:
            points = int(self.budget or BUDGET)
        except ValueError:
            raise DlbenchError(
                f"--budget takes a number of points or a time, not {self.budget!r}.", "Write --budget 8 or --budget 2h."
            ) from None
        if not LEAST_BUDGET <= points <= LARGEST_BUDGET:
            raise DlbenchError(
                f"--budget {points}: a search takes {LEAST_BUDGET} to {LARGEST_BUDGET:,} points.",
                "The first point is the variant's own settings, so --budget 2 tries one other.",
            )
        return points

    @property
    def seconds(self) -> float | None:
        """Return the training time that the search may take; None where the budget is a number."""
        match = _TIME.fullmatch(self.budget.strip())
        seconds = float(match[1]) * _SECONDS[match[2]] if match else None
        if seconds == 0:
            raise DlbenchError("--budget 0: there is no time to search.", "Write --budget 8 or --budget 2h.")
        return seconds

    def check(self) -> None:
        """Raise DlbenchError for what no variant could be tuned by."""
        if not self.ranges:
            raise DlbenchError(
                "Nothing is to be tuned.", "Write what: --tune learning-rate=log:1e-4..1e-1, or --tune auto."
            )
        _ = self.points
        if self.studies and self.studies < LEAST_STUDIES:
            raise DlbenchError(
                f"--studies {self.studies}: fewer than {LEAST_STUDIES} searches can show nothing.",
                f"Write --studies {LEAST_STUDIES} or more, or omit it.",
            )
        if self.design not in DESIGNS:
            raise DlbenchError(
                f"There is no design {self.design!r}.", suggest(self.design, DESIGNS, "It takes sobol, random.")
            )
        if not 1 <= self.seeds <= BETWEEN_STUDIES:
            raise DlbenchError(f"A point takes 1 to {BETWEEN_STUDIES} tuning seeds.", "Write --tuning-seeds 1.")

    @property
    def names(self) -> list[str]:
        """Return the settings that it names."""
        return [axis_name(text.partition("=")[0].strip()) for text in self.ranges]


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The tuning stage of a plan.

    tune: what was asked for.
    record: what the manifest keeps.
    trials_of: the template of each candidate's trials, by label; the first is the variant as it was asked for.
    """

    tune: Tune
    record: TuningRecord
    trials_of: Sequence[Mapping[str, tuple[Trial, ...]]]

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Return all tuning trials, those of one point together."""
        found: dict[str, Trial] = {}  # two points may be one, where there are few values
        for search, templates in zip(self.record.searches, self.trials_of, strict=True):
            for label, number, _ in search:
                for seed in search.seeds:
                    trial = templates[label][number].with_seed(seed)
                    found.setdefault(trial.trial_id, trial)
        return tuple(found.values())

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the label of each candidate's trials by their variant_id: "relu at learning rate 0.003"."""
        return {
            candidate.variant_id: f"{label} at {in_words(candidate.values)}"
            for search in self.record.searches
            for label, _, candidate in search
        }

    def up_to(self, points: int) -> "Tuning":
        """Return the stage with the first points alone."""
        searches = [
            replace(search, candidates={label: found[:points] for label, found in search.candidates.items()})
            for search in self.record.searches
        ]
        return replace(self, record=replace(self.record, searches=tuple(searches), budget=points))

    def chosen_trials(self, study: int = 0) -> dict[str, Trial]:
        """Return the template of the evaluation trials by label: what a search has chosen."""
        chosen = self.record.searches[study].chosen
        return {
            label: replace(templates[chosen[label]], role="evaluation")
            for label, templates in self.trials_of[study].items()
        }


def make_tuning(tune: Tune, templates: Mapping[str, Trial], registry: Registry) -> Tuning:
    """Return the tuning stage of variants. templates: the first trial of each, by label.

    Raises DlbenchError for what cannot be tuned.
    """
    tune.check()
    spaces = {label: search_space(tune.ranges, trial, registry) for label, trial in templates.items()}
    for label, trial in templates.items():
        _check_apart_from_test(label, trial)
    _check_different(templates, spaces)
    if empty := [label for label, space in spaces.items() if not space]:
        raise DlbenchError(
            f"{empty[0]} has nothing of what is to be tuned.",
            "Tune a setting, or name a parameter that every variant has.",
        )
    wanted = tune.points or MOST_IN_TIME
    dimensions = max(map(len, spaces.values()))
    searches, trials_of = [], []
    for study in range(max(1, tune.studies)):
        points = search_points(wanted - 1, dimensions, study, cast("Design", tune.design))
        found = {label: _candidates(trial, spaces[label], points, registry) for label, trial in templates.items()}
        first = FIRST_SEED + BETWEEN_STUDIES * study
        searches.append(
            Search(
                seeds=tuple(range(first, first + tune.seeds)),
                candidates={label: _described(spaces[label], trials) for label, trials in found.items()},
            )
        )
        trials_of.append(found)
    record = TuningRecord(
        ranges={label: ranges_of(space) for label, space in spaces.items()},
        budget=wanted,
        seconds=tune.seconds,
        design=tune.design,
        searches=tuple(searches),
        metric=_metric(templates.values()),
    )
    return Tuning(tune=tune, record=record, trials_of=tuple(trials_of))


def _check_different(templates: Mapping[str, Trial], spaces: Mapping[str, Sequence[Dimension]]) -> None:
    """Raise DlbenchError for two variants that differ only in what is tuned, so that their searches would be one."""
    seen: dict[str, str] = {}
    for label, trial in templates.items():
        same = seen.setdefault(untuned_identity(trial, spaces[label]), label)
        if same != label:
            names = ", ".join(name_in_words(each.name) for each in spaces[label])
            raise DlbenchError(
                f"{same} and {label} differ only in what is tuned ({names}).", "Compare them, or tune: not both."
            )


def _candidates(
    template: Trial, space: Sequence[Dimension], points: Iterable[Sequence[float]], registry: Registry
) -> tuple[Trial, ...]:
    """Return the template of the trials of each candidate: the variant as it was asked for, then one a point."""
    first = replace(template, role="tuning")
    return (first, *(with_point(first, space, point, registry) for point in points))


def _described(space: Sequence[Dimension], trials: Iterable[Trial]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(values={each.name: each.of(trial) for each in space}, variant_id=trial.variant_id) for trial in trials
    )


def _metric(templates: Iterable[Trial]) -> str:
    """Return the validation metric that chooses: the one by which all variants select their epoch, if it is one."""
    rules = {template.settings.select for template in templates}
    rule = rules.pop() if len(rules) == 1 else ""
    return rule if rule.startswith("validation") else "validation_accuracy"


def _check_apart_from_test(label: str, trial: Trial) -> None:
    """Raise DlbenchError for a variant whose validation reads the test set, which a search must not."""
    settings = trial.settings
    reads = {
        "--validation test": "--validation 0.2" if settings.validation == "test" else "",
        "--select best-on-test": "--select best" if settings.select == "best-on-test" else "",
    }
    if found := [option for option, instead in reads.items() if instead]:
        raise DlbenchError(
            f"{label}: {' and '.join(found)} read{'s' * (len(found) == 1)} the test set, and a search must not.",
            f"Add {' '.join(filter(None, reads.values()))}.",
        )


def check_studies(tune: Tune, seeds: Sequence[int]) -> None:
    """Raise DlbenchError where the number of seeds that is asked for is not that of the studies."""
    if tune.studies and len(seeds) != tune.studies:
        raise DlbenchError(
            f"{tune.studies} studies have one seed each, not {len(seeds)}.", "Omit --seeds, or --studies."
        )


def check_seeds(tuning: Tuning, seeds: Iterable[int]) -> None:
    """Raise DlbenchError for seeds of an evaluation that the search uses."""
    used = {seed for search in tuning.record.searches for seed in search.seeds}
    if shared := sorted(used & {*seeds}):
        raise DlbenchError(f"Seed {shared[0]} is one that the search uses.", f"Evaluate on seeds below {FIRST_SEED:,}.")
