"""How a run deviates from the experiment that it is of: what overrides change, and the run's name for it."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.metric_table import find_metric
from dlbench.components.records import ParameterValue
from dlbench.components.syntax import format_value
from dlbench.components.user_code import qualified_text
from dlbench.experiments.experiment_file import Experiment
from dlbench.experiments.request import is_of_machine, judged_metric, to_request
from dlbench.plans.build import build
from dlbench.plans.hold import HOLD, held_in_words, read_held
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.trials.axes import DEFAULTS
from dlbench.trials.identity import digest
from dlbench.trials.seed_streams import SEEDED
from dlbench.trials.settings import SETTINGS
from dlbench.trials.trial import Trial

#: What begins the part of a deviation that names what was tuned.
TUNED = "tuned"


def run_name(experiment: Experiment, overrides: Request) -> str:
    """Return the run folder's default name: the file's stem, and six digits of what overrides fix.

    More seeds, and more values of one of the file's axes, belong in the same folder.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", experiment.path.stem).lstrip("._-") or "experiment"
    fixed = {
        name: list(texts)
        for name, texts in overrides.values.items()
        if _canonical(name, texts) != _before(experiment, name) and not (name in experiment.axes and len(texts) > 1)
    }
    if overrides.tune:
        fixed["tune"] = sorted(overrides.tune.ranges)  # a larger budget belongs in the same folder
    if (held := read_held(overrides.hold)) and held != experiment.hold:
        fixed[HOLD] = list(held)
    return f"{stem}-{digest(fixed, 6)}" if fixed else stem


def deviations(experiment: Experiment, overrides: Request) -> str:
    """Return what overrides change: "reduced: epochs 2 instead of 10, 3 seeds instead of 7"; "" if nothing."""
    now = {name: _canonical(name, texts) for name, texts in overrides.values.items()}
    before = {name: _before(experiment, name) for name in now}
    criteria = tuple(_changed_criteria(experiment, overrides.judging))
    changed = _sentence(now, before, _count(overrides.seeds), _count(experiment.seeds), criteria)
    asked = [text.partition("=")[0] for text in overrides.tune.ranges] if overrides.tune else []
    held = read_held(overrides.hold)
    shared = held_in_words(held) if held != experiment.hold else ""
    return "; ".join(filter(None, (changed, shared, tuned_in_words(asked))))


def _changed_criteria(experiment: Experiment, judging: Mapping[str, Any]) -> Iterator[str]:
    """Yield the criteria of an experiment that others replace, as texts; margins in the unit of differences."""
    own = dict(experiment.criteria)
    if own.keys() & {"metric", "margin"}:
        own["metric"] = judged_metric(own)
    if "margin" in own:  # in the unit of its own metric, with which it goes
        scale = find_metric(own["metric"]).difference_scale
        own["margin"] = float(f"{scale * own['margin']:.12g}")
    for name, value in judging.items():
        now = judged_metric(judging) if name == "metric" else value
        if name in own and now != own[name]:
            yield f"{name.replace('_', ' ')} {format_value(now)} instead of {format_value(own[name])}"


def tuned_in_words(names: Iterable[str]) -> str:
    """Return what of an experiment was tuned: "tuned: learning rate"; "" for no names."""
    found = ", ".join(name.replace("-", " ").replace("_", " ") for name in names)
    return f"{TUNED}: {found}" if found else ""


def run_deviations(
    trials: Iterable[Trial], experiment: Experiment, registry: Registry, tuned: Iterable[str] = ()
) -> str:
    """Return how a run's trials deviate from the experiment's own, in the words of `deviations`.

    tuned: names of what was tuned for each variant, whose values are therefore its own.
    """
    run, plan = list(trials), build(to_request(experiment), registry)
    searched = dict.fromkeys(tuned)
    before = _distinct(plan.evaluation.trials)
    now = _distinct(run) if run else {}
    own = {name.partition(".")[0] for name in searched}
    now = {name: before[name] if set(texts) == set(before[name]) else texts for name, texts in now.items()}
    changed = _sentence(
        {name: texts for name, texts in now.items() if name not in own},
        before,
        len({trial.seed for trial in run}),
        _count(experiment.seeds),
    )
    held = tuple(source for source in SEEDED if run and all(source in trial.stream_seeds for trial in run))
    shared = held_in_words(held, run) if held != experiment.hold else ""
    return "; ".join(filter(None, (changed, shared, "" if experiment.tune else tuned_in_words(searched))))


def _distinct(trials: Iterable[Trial]) -> dict[str, tuple[str, ...]]:
    """Return the distinct texts that trials have for each component and setting."""
    found: dict[str, dict[str, None]] = {name: {} for name in DEFAULTS}
    for trial in trials:
        row = trial.row()
        for name, texts in found.items():
            texts[_as_text(row[name])] = None
    return {name: tuple(texts) for name, texts in found.items()}


def _as_text(value: ParameterValue) -> str:
    return value if isinstance(value, str) else format_value(value)


def _sentence(
    now: Mapping[str, tuple[str, ...]],
    before: Mapping[str, tuple[str, ...]],
    seeds: int,
    seeds_before: int,
    criteria: Sequence[str] = (),
) -> str:
    """Return what differs, in one sentence; more seeds are no deviation. seeds: 0 if their number is open."""
    changes, reduced = [], False
    for name, texts in now.items():
        if not is_of_machine(name) and texts != before[name]:
            changes.append(
                f"{name.replace('_', ' ')} {_in_words(name, texts)} instead of {_in_words(name, before[name])}"
            )
            fewer = set(texts) < set(before[name])
            smaller = name in SETTINGS and SETTINGS[name].shrinks and _size(texts) < _size(before[name])
            reduced |= name == "dataset" or fewer or smaller
    if 0 < seeds < seeds_before:
        changes.append(f"{seeds} seed{'s' * (seeds != 1)} instead of {seeds_before}")
        reduced = True
    changes += criteria
    return f"{'reduced' if reduced else 'changed'}: {', '.join(changes)}" if changes else ""


def _before(experiment: Experiment, name: str) -> tuple[str, ...]:
    """Return the distinct texts that the file has for an axis or a setting."""
    if name in experiment.axes:
        return _canonical(name, experiment.axes[name])
    shared = experiment.settings.get(name, DEFAULTS.get(name, ""))  # planning explains a name that nobody knows
    return _canonical(name, [variant.get(name, shared) for variant in experiment.variants] or [shared])


def _canonical(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as plans write them, so that 1e-3 and 0.001 are one; components are compared as written."""
    if name in SETTINGS:
        texts = [format_value(SETTINGS[name].parse(text)) for text in texts]
    else:
        texts = map(qualified_text, texts)
    return tuple(dict.fromkeys(texts))


def _in_words(name: str, texts: Sequence[str]) -> str:
    absent = (AXES[name] if name in AXES else SETTINGS[name]).unset
    if name in AXES:
        texts = [text.rpartition("/")[2] if "/" in text.partition(":")[0] else text for text in texts]
    *most, last = (absent if text in ("", "none") else text for text in texts)
    return f"{', '.join(most)} and {last}" if most else last


def _size(texts: Sequence[str]) -> float:
    return max(math.inf if text == "none" else float(text) for text in texts)


def _count(seeds: object) -> int:
    """Return how many seeds a request names, 0 if the verdicts decide."""
    if isinstance(seeds, str):
        return 0
    return seeds if isinstance(seeds, int) else len(seeds) if isinstance(seeds, Sequence) else 0
