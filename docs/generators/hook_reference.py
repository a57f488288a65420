"""The pages for plugin authors: hooks, records, factories, and the settings of a trial."""

import dataclasses
import inspect
import re
from typing import Any

import dlbench
from dlbench import hookspecs
from dlbench.components import records as specs
from dlbench.components.axes import AXES
from dlbench.components.metrics import Value
from dlbench.components.syntax import describe, format_value
from dlbench.trials.augmentation import AUGMENTATIONS
from dlbench.trials.settings import SETTINGS
from writing import code, field_meanings, sentences, table

HOOKS_HEAD = """# Hooks

A plugin is a module named by an entry point of the group `dlbench`. It marks functions of these names with
`@hookimpl`; each is optional. Hooks are called in the parent process, which never imports torch: a record names its
factory as `"package.module:attribute"`, and that module is imported only where the component is used.

The [records](records.md) document the contracts of the factories.

"""
RECORDS_HEAD = """# Records

Everything that `from dlbench import …` offers to plugins. Records are frozen and take keywords alone; a field added
later always has a default. The version of this interface is `API_VERSION = {version}`.

"""
FACTORIES_HEAD = """# Factories

What a factory of each kind is called with and returns, as protocols for type checkers. Arguments before the slash are
passed by position; `parameters` stands for the component's own, passed by name.

"""
_PROTOCOLS = ("Factory", "Protocol")
SETTINGS_HEAD = """# Settings

What determines a trial, except its seed. Every one is an axis: several values, joined by commas, make variants. In an
experiment file and in `dlbench.toml` a setting has the name that it has here; on the command line,
`--with-hyphens`.

"""


def hooks_page() -> str:
    """Return the page of hooks."""
    names = [name for name in vars(hookspecs) if name.startswith("dlbench_")]
    rows = [[f"[`{name}`](#{name})", _purpose(getattr(hookspecs, name))] for name in names]
    return HOOKS_HEAD + table(["hook", "purpose"], rows) + "".join(map(_hook, names))


def _purpose(function: Any) -> str:
    """Return the first paragraph of a docstring."""
    return sentences(function.__doc__).partition("\n\n")[0]


def _hook(name: str) -> str:
    function = getattr(hookspecs, name)
    return f"## {name}\n\n```text\n{name}{_signature(function)}\n```\n\n{sentences(function.__doc__)}\n\n"


def records_page() -> str:
    """Return the page of records: those that plugins make and those that they receive."""
    data = [dlbench.ImageData, dlbench.StreamedData, dlbench.StreamedImages]
    made = [specs.Parameter, specs.Component, *specs.KINDS.values(), Value, *data]
    handed = [dlbench.Trial, dlbench.Selection, dlbench.TrialRecord, dlbench.Manifest, dlbench.WorkUnit]
    more = [dlbench.Resources, dlbench.Node, dlbench.UnitLost, dlbench.ArtifactSaved]
    events = [dlbench.TrialStarted, dlbench.EpochFinished, dlbench.TrialNoted, dlbench.TrialFinished]
    return (
        RECORDS_HEAD.format(version=specs.API_VERSION)
        + "".join(map(_record, made))
        + "# What observers and executors are handed\n\n"
        + "".join(map(_record, [*handed, *events, *more]))
        + FACTORIES_HEAD
        + "".join(map(_protocol, (getattr(dlbench, name) for name in dlbench.__all__ if name.endswith(_PROTOCOLS))))
    )


def _record(cls: Any) -> str:
    base = {field.name for field in dataclasses.fields(specs.Component)} if cls is not specs.Component else set()
    component = issubclass(cls, specs.Component)
    fields = [f for f in dataclasses.fields(cls) if not (component and f.name in base)]
    note = "Beside the fields of [Component](#component):\n\n" if component and cls is not specs.Component else ""
    prose, meanings = field_meanings(cls.__doc__)
    rows = [[code(f.name), code(_type(f.type)), _default(f), meanings.get(f.name, "")] for f in fields]
    body = (note if rows else "Its fields are those of [Component](#component).\n\n") + (
        table(["field", "type", "default", "meaning"], rows) if rows else ""
    )
    return f"## {cls.__name__}\n\n{sentences(prose)}\n\n{body}"


def _protocol(cls: Any) -> str:
    methods = {name: function for name, function in vars(cls).items() if inspect.isfunction(function)}
    lines = [
        name.replace("__call__", "factory") + _signature(function)
        for name, function in methods.items()
        if not name.startswith("_") or name == "__call__"
    ]
    return f"## {cls.__name__}\n\n{sentences(cls.__doc__)}\n\n```text\n" + "\n".join(lines) + "\n```\n\n"


def _signature(function: Any) -> str:
    text = _short(str(inspect.signature(function)))
    for noise in ("'", "pathlib.", "_local.", "self, ", "*args: Any, "):
        text = text.replace(noise, "")
    return text


def _type(annotation: Any) -> str:
    return _short(getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation))


def _short(annotation: str) -> str:
    """Return an annotation without the modules of its names."""
    return re.sub(r"\b(?:dlbench|collections|typing)\.(?:\w+\.)*", "", annotation)


def _default(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        return code(repr(field.default))
    return "empty" if field.default_factory is not dataclasses.MISSING else "required"


def settings_page() -> str:
    """Return the page of settings."""
    axes = [[code(axis.name), code(axis.default or axis.unset), axis.kind] for axis in AXES.values()]
    rows = [
        [code(name), setting.summary, describe(setting.parameter), code(format_value(setting.parameter.default))]
        for name, setting in SETTINGS.items()
    ]
    augmentations = [
        [code(name), ", ".join(f"`{key}={format_value(p.default)}`" for key, p in parameters.items())]
        for name, parameters in AUGMENTATIONS.items()
    ]
    return (
        SETTINGS_HEAD
        + "## Components\n\n"
        + table(["axis", "default", "see"], [[a, d, f"`dlbench list {k}`"] for a, d, k in axes])
        + "## Settings of training\n\n"
        + table(["setting", "meaning", "takes", "default"], rows)
        + "## Augmentations\n\n"
        + table(["`augment=`", "parameters"], augmentations)
    )
