"""From an experiment to a plan: finding its file, checking its names, and what an override changes."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dlbench.components.axes import AXES
from dlbench.components.records import Value
from dlbench.components.syntax import format_value, parse_reference
from dlbench.errors import DlbenchError, suggest
from dlbench.experiments.file import Experiment, load_experiment
from dlbench.experiments.relations import check_relation
from dlbench.experiments.toml import Place
from dlbench.plans.build import build
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plans.naming import find_variant
from dlbench.plans.plan import Plan, Request
from dlbench.plugins.registry import Registry
from dlbench.trials.axes import DEFAULTS
from dlbench.trials.identity import digest
from dlbench.trials.settings import SETTINGS
from dlbench.trials.trial import Trial


@dataclass(frozen=True)
class ExperimentFile:
    """An experiment file that a plugin brings."""

    plugin: str
    path: Path

    @property
    def name(self) -> str:
        """Return the qualified name, "foundations/schedules"."""
        return f"{self.plugin}/{self.path.stem}"


def find_experiments(registry: Registry) -> tuple[ExperimentFile, ...]:
    """Return the experiment files of all plugins, by name; a hook that returns no paths is left out."""
    hook, found = "dlbench_experiments", []
    for plugin, paths in registry.plugins.call(hook):
        if isinstance(paths, list) and all(isinstance(path, str | Path) for path in paths):
            found += [ExperimentFile(plugin.name, Path(path)) for path in paths]
        else:
            registry.plugins.disable_hook(plugin, hook, f"its hook {hook} returned no list of paths.")
    return tuple(sorted(found, key=lambda file: file.name))


def open_experiment(argument: str, registry: Registry) -> Experiment:
    """Return the experiment that an argument means: a file if it ends in .toml, else a plugin's by its name."""
    if argument.endswith(".toml"):
        return load_experiment(Path(argument).expanduser())
    files = find_experiments(registry)
    matches = [file for file in files if argument in (file.name, file.path.stem)]
    if len(matches) == 1:
        return load_experiment(matches[0].path, matches[0].plugin)
    if matches:
        names = " or ".join(file.name for file in matches)
        raise DlbenchError(f"Several plugins have an experiment {argument!r}.", f"Write {names}.")
    known = [name for file in files for name in (file.path.stem, file.name)]
    raise DlbenchError(
        f"There is no experiment {argument!r}.",
        suggest(argument, known, "Type `dlbench list experiments` to see all; a file ends in .toml."),
    )


def to_request(experiment: Experiment, overrides: Request | None = None) -> Request:
    """Return an experiment as the comparison to run. An override wins over settings, axes and variants alike.

    Every setting is named, so that nobody's dlbench.toml changes an experiment; only the machine's are left open.
    """
    given = overrides or Request()
    values: dict[str, Sequence[str]] = {name: (text,) for name, text in DEFAULTS.items() if not _is_of_machine(name)}
    values |= {name: (text,) for name, text in experiment.settings.items()}
    values |= {**experiment.axes, **given.values}
    variants = [
        {name: text for name, text in variant.items() if name not in given.values} for variant in experiment.variants
    ]
    return replace(
        given,
        values=values,
        variants=variants,
        seeds=experiment.seeds if given.seeds is None else given.seeds,
        diagnostics=(*experiment.diagnostics, *given.diagnostics),
        prefer=experiment.plugin or experiment.report,
        experiment=experiment.name,
    )


def check(experiment: Experiment, registry: Registry) -> Plan:
    """Return the plan of an experiment as its file has it.

    Raises DlbenchError with file and line for components that are not there, and for reported figures and claims that
    name no variant and no value of an axis.
    """
    request = to_request(experiment)
    with _at(experiment, Place(key="diagnostics")):
        read_diagnostics(experiment.diagnostics, registry, request.prefer)
    _check_components(experiment, registry, request.prefer)
    try:
        plan = build(request, registry)
    except DlbenchError as error:
        raise DlbenchError(f"{experiment.path}: {error.message}", error.hint) from None
    vetoed = (veto.variant.record for veto in plan.vetoes)  # a claim may well name what cannot run here
    named = replace(plan.record, variants=(*plan.record.variants, *vetoed))
    for index, reported in enumerate(experiment.reported):
        with _at(experiment, Place("reported", index, "variant")):
            find_variant(reported.variant, named)
    for index, claim in enumerate(experiment.claims):
        with _at(experiment, Place("claims", index, "relation")):
            check_relation(claim.relation, named)
    return plan


@contextmanager
def _at(experiment: Experiment, place: Place) -> Iterator[None]:
    """Give an error the file and the line."""
    try:
        yield
    except DlbenchError as error:
        raise experiment.file.error(place, error.message, error.hint) from None


def _check_components(experiment: Experiment, registry: Registry, prefer: str) -> None:
    tables = [("settings", 0, experiment.settings), ("axes", 0, experiment.axes)]
    tables += [("variants", index, variant) for index, variant in enumerate(experiment.variants)]
    for table, index, assignments in tables:
        for name, given in assignments.items():
            for text in (given,) if isinstance(given, str) else given:
                if name in AXES and text and not AXES[name].takes_word(text):
                    with _at(experiment, Place(table, index, name)):
                        registry.select(AXES[name].kind, parse_reference(text), prefer)


def run_name(experiment: Experiment, overrides: Request) -> str:
    """Return the run folder's default name: the file's stem, and six digits of what an override holds fixed.

    More seeds, and more values of one of the file's axes, belong into the same folder.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", experiment.path.stem).lstrip("._-") or "experiment"
    held = {
        name: list(texts)
        for name, texts in overrides.values.items()
        if _canonical(name, texts) != _before(experiment, name) and not (name in experiment.axes and len(texts) > 1)
    }
    return f"{stem}-{digest(held, 6)}" if held else stem


def departures(experiment: Experiment, overrides: Request) -> str:
    """Say what an override changes: "reduced: epochs 2 instead of 10, 3 seeds instead of 7"; "" where nothing."""
    now = {name: _canonical(name, texts) for name, texts in overrides.values.items()}
    before = {name: _before(experiment, name) for name in now}
    return _in_a_sentence(now, before, _count(overrides.seeds), _count(experiment.seeds))


def run_departures(trials: Iterable[Trial], experiment: Experiment, registry: Registry) -> str:
    """Say how a run's trials depart from the experiment's own, in the words of `departures`."""
    run, plan = list(trials), build(to_request(experiment), registry)
    before = _distinct(plan.trials)
    now = _distinct(run) if run else {}
    now = {name: before[name] if set(texts) == set(before[name]) else texts for name, texts in now.items()}
    return _in_a_sentence(now, before, len({trial.seed for trial in run}), _count(experiment.seeds))


def _distinct(trials: Iterable[Trial]) -> dict[str, tuple[str, ...]]:
    """Return the texts that trials have for each component and setting, each once."""
    found: dict[str, dict[str, None]] = {name: {} for name in DEFAULTS}
    for trial in trials:
        row = trial.row()
        for name, texts in found.items():
            texts[_as_text(row[name])] = None
    return {name: tuple(texts) for name, texts in found.items()}


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else format_value(value)


def _in_a_sentence(
    now: Mapping[str, tuple[str, ...]], before: Mapping[str, tuple[str, ...]], seeds: int, seeds_before: int
) -> str:
    """Say what differs; fewer seeds are told, more are not. seeds: 0 where their number is open."""
    changes, reduced = [], False
    for name, texts in now.items():
        if not _is_of_machine(name) and texts != before[name]:
            changes.append(
                f"{name.replace('_', ' ')} {_in_words(name, texts)} instead of {_in_words(name, before[name])}"
            )
            fewer = set(texts) < set(before[name])
            smaller = name in SETTINGS and SETTINGS[name].shrinks and _size(texts) < _size(before[name])
            reduced |= name == "dataset" or fewer or smaller
    if 0 < seeds < seeds_before:
        changes.append(f"{seeds} seed{'s' * (seeds != 1)} instead of {seeds_before}")
        reduced = True
    return f"{'reduced' if reduced else 'changed'}: {', '.join(changes)}" if changes else ""


def _before(experiment: Experiment, name: str) -> tuple[str, ...]:
    """Return what the file gives an axis or a setting, each text once."""
    if name in experiment.axes:
        return _canonical(name, experiment.axes[name])
    shared = experiment.settings.get(name, DEFAULTS[name])
    return _canonical(name, [variant.get(name, shared) for variant in experiment.variants] or [shared])


def _canonical(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as plans write them, so that 1e-3 and 0.001 are one; components are compared as written."""
    if name in SETTINGS:
        texts = [format_value(SETTINGS[name].parse(text)) for text in texts]
    return tuple(dict.fromkeys(texts))


def _in_words(name: str, texts: Sequence[str]) -> str:
    absent = (AXES[name] if name in AXES else SETTINGS[name]).unset
    if name in AXES:
        texts = [text.rpartition("/")[2] if "/" in text.partition(":")[0] else text for text in texts]
    return " and ".join(absent if text in ("", "none") else text for text in texts)


def _is_of_machine(name: str) -> bool:
    return name in SETTINGS and SETTINGS[name].machine


def _size(texts: Sequence[str]) -> float:
    return max(math.inf if text == "none" else float(text) for text in texts)


def _count(seeds: object) -> int:
    """Return how many seeds a request names, 0 where that is left to the verdicts."""
    return seeds if isinstance(seeds, int) else len(seeds) if isinstance(seeds, Sequence) else 0
