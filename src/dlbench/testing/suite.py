"""The suite: lists what there is to check about a plugin, and checks each item."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import cast

from dlbench.components.choice import resolve_parameters
from dlbench.components.records import KINDS, Component, Model, ParameterValue
from dlbench.errors import DlbenchError, suggest
from dlbench.experiments.discovery import ExperimentFile, find_experiments
from dlbench.plans.config import default_data_dir, load_config
from dlbench.plugins.discovery import Plugin
from dlbench.plugins.registry import SINGULAR, Entry, Registry
from dlbench.sessions.resolve import data_folder
from dlbench.testing.promises import Finding, Promise, Subject, examine

Given = Mapping[str, Mapping[str, ParameterValue]]


@dataclass(frozen=True)
class Item:
    """One thing to check: the plugin as a whole, a component or an experiment."""

    name: str
    plugin: Plugin
    registry: Registry = field(repr=False)
    entry: Entry[Component] | None = None
    experiment: ExperimentFile | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    data_dir: Path | None = None

    def check(self) -> Finding:
        """Check every promise on it."""
        from dlbench.testing.plugin_contract import EXPERIMENT_PROMISES, PLUGIN_PROMISES, ExperimentSubject, Whole

        if self.experiment:
            return examine(self.name, ExperimentSubject(self.experiment, self.registry), EXPERIMENT_PROMISES)
        if self.entry:
            return _check_component(self, self.entry)
        return examine(self.name, Whole(self.plugin, self.registry), PLUGIN_PROMISES)


def items(
    plugin: str,
    names: Sequence[str] = (),
    parameters: Given | None = None,
    registry: Registry | None = None,
    data_dir: Path | None = None,
) -> tuple[Item, ...]:
    """Return what there is to check about a plugin.

    names: only components and experiments whose names match one of these; * and ? are wildcards.
    parameters: by a component's name, those that it is checked with instead of its defaults.
    """
    registry = registry or Registry.load()
    found = _loaded(plugin, registry)
    whole = Item(f"plugin {plugin}", found, registry)
    return (*([] if names else [whole]), *_parts(whole, names, parameters or {}, data_dir))


def check_plugin(plugin: str, names: Sequence[str] = (), parameters: Given | None = None) -> tuple[Finding, ...]:
    """Check an installed plugin and return a finding for it and for each of its components and experiments."""
    return tuple(item.check() for item in items(plugin, names, parameters))


def _loaded(name: str, registry: Registry) -> Plugin:
    for problem in registry.plugins.problems:
        if problem.plugin == name and name not in registry.plugins.by_name:
            raise DlbenchError(f"The plugin {name} cannot be checked: {problem.reason}", problem.remedy)
    known = registry.plugins.by_name
    if name not in known:
        raise DlbenchError(
            f"There is no plugin {name!r}.", suggest(name, known, "Type `dlbench plugins list` to see all.")
        )
    return known[name]


def _parts(whole: Item, names: Sequence[str], given: Given, data_dir: Path | None) -> Iterator[Item]:
    registry, plugin = whole.registry, whole.plugin
    for kind in KINDS:
        for entry in registry.entries(kind):
            record = entry.record
            if entry.plugin.name != plugin.name or not _wanted(record.name, names):
                continue
            defaults = resolve_parameters(record.parameters, {})
            chosen = {**defaults, **given.get(record.name, {})}
            title = f"{SINGULAR[kind]} {entry.name}"
            yield replace(whole, name=title, entry=entry, parameters=chosen, data_dir=data_dir)
    for file in find_experiments(registry):
        if file.plugin == plugin.name and _wanted(file.path.stem, names):
            yield replace(whole, name=f"experiment {file.name}", experiment=file)


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _check_component(item: Item, entry: Entry[Component]) -> Finding:
    from dlbench.testing.modules import examine_behavior
    from dlbench.testing.records import RECORD_PROMISES

    subject = Subject(
        entry,
        item.registry,
        item.parameters,
        item.data_dir or data_folder(None, load_config(Path.cwd()).data_dir, default_data_dir),
    )
    described = examine(item.name, subject, RECORD_PROMISES)
    if reason := _only_described(subject, described):
        return replace(described, unproven=(*described.unproven, reason))
    if any(breach.promise in _decisive(RECORD_PROMISES) for breach in described.breaches):
        return described
    # The module of a kind's promises has its name, and imports torch.
    promises: Sequence[Promise] = import_module(f"dlbench.testing.{entry.record.kind}").PROMISES
    behaves = examine_behavior(item.name, subject, promises)
    return Finding(
        item.name,
        described.kept + behaves.kept,
        described.breaches + behaves.breaches,
        described.unproven + behaves.unproven,
    )


def _decisive(promises: Sequence[Promise]) -> set[str]:
    return {each.text for each in promises if each.decisive}


def _only_described(subject: Subject[Component], described: Finding) -> str:
    """Return why a component's behavior is not checked, or ""."""
    record = subject.entry.record
    missing = [key for key, each in record.parameters.items() if each.required and subject.parameters[key] is None]
    if missing:
        return f"everything else: it needs its parameter {missing[0]}"
    if isinstance(record, Model) and described.good:
        from dlbench.testing.models import LARGEST, size

        with contextlib.suppress(Exception):  # its own promise reports what is wrong
            if (parameters := size(cast("Subject[Model]", subject))) > LARGEST:
                return f"everything else: it has {parameters / 1e6:,.0f} M parameters, more than {LARGEST / 1e6:.0f} M"
    return ""
