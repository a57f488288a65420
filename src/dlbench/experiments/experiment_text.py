"""A comparison as the text of an experiment file that runs the same trials."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from dlbench.components.axes import AXES
from dlbench.components.choice import Selection
from dlbench.components.records import ParameterValue
from dlbench.components.syntax import format_reference, format_value, parse_reference
from dlbench.components.user_code import ENDING
from dlbench.errors import DlbenchError
from dlbench.experiments.about import About
from dlbench.experiments.keys import CRITERIA, SCHEMA
from dlbench.experiments.request import is_of_machine
from dlbench.experiments.spread_table import spread_lines
from dlbench.experiments.toml import quoted
from dlbench.experiments.tune_table import tune_lines
from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import read_held
from dlbench.plans.plan import Plan, Request
from dlbench.plugins.registry import Registry
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.axes import DEFAULTS
from dlbench.trials.settings import SETTINGS

_HEAD = """\
# A comparison, written by dlbench {version}. `dlbench run` with the name of this file runs the same trials.
# Components are written name:key=value; relative paths start where dlbench is called, those of code at this file.
schema = {schema}
"""
_OWN_VALIDATION = "own_validation = true  # a data set's own validation images, where it has some\n"
_SEEDS = '# how many; or a list of them, "least", or "auto:7..30" for as many as verdicts need'


def experiment_text(
    request: Request,
    plan: Plan,
    criteria: Criteria,
    defaults: Mapping[str, str],
    registry: Registry,
    about: About | None = None,
    folder: Path = Path(),
) -> str:
    """Return the experiment file of a comparison.

    request: in canonical names, with the defaults of files. plan, criteria: what is made of it.
    defaults: texts that replace those of dlbench, by name.
    about: what an experiment says beside its comparison; None where it is none.
    folder: where the file will be, from which it names files with code of the user's.
    Raises DlbenchError for a text that no file can hold.
    """
    writer = _Writer(request, registry, folder.absolute())
    about = about or About(title=_title(plan))
    base = {**DEFAULTS, **defaults} | {name: texts[0] for name, texts in request.values.items() if len(texts) == 1}
    axes = {name: texts for name, texts in request.values.items() if len(texts) > 1}
    # The request of an experiment names every setting but those of the machine.
    named = filter(is_of_machine, request.values) if request.experiment else request.values
    chosen = {*named, *(name for name, text in base.items() if text != DEFAULTS[name])}
    parts = [
        _HEAD.format(version=metadata.version("dlbench"), schema=SCHEMA),
        *about.head(),
        f"seeds = {_seeds(request, plan)}  {_SEEDS}\n",
        "noise_floor = true  # the baseline against itself on other seeds\n" if request.noise_floor else "",
        f"hold = {_list(read_held(request.hold))}  # what all seeds share\n" if request.hold else "",
        f"diagnostics = {_list(request.diagnostics)}\n" if request.diagnostics else "",
        _OWN_VALIDATION if plan.own_validation else "",
        "\n# How differences are judged, fixed before anything runs; the margin in the metric's unit, 0.002 being\n"
        "# 0.2 points of accuracy.\n[criteria]\n",
        *(f"{name} = {_literal(value)}\n" for name, value in asdict(criteria).items() if name in CRITERIA),
        "\n# What is tuned for each variant first.\n[tune]\n" if request.tune else "",
        *(tune_lines(request.tune) if request.tune else ()),
        "\n# What shows where the spread comes from: one source of randomness varies at a time.\n[spread]\n"
        if request.spread and plan.spread
        else "",
        *(spread_lines(request.spread, plan.spread.sources) if request.spread and plan.spread else ()),
        "\n# What varies: these multiply.\n[axes]\n" if axes else "",
        *(f"{name} = [{', '.join(writer.value(name, text) for text in axes[name])}]\n" for name in axes),
        "\n# What all variants share, as it was chosen.\n[settings]\n",
        *writer.settings({name: base[name] for name in base if name in chosen and name not in axes}),
        "# The defaults of dlbench at that time, written down so that no other default replaces them.\n",
        *writer.settings({n: base[n] for n in base if n not in chosen and n not in axes and not is_of_machine(n)}),
        *writer.variants(plan),
        *about.tables(),
    ]
    text = "".join(parts)
    if not text.isascii():
        _check_unicode(text)
    return text


class _Writer:
    """Writes components and settings as TOML: numbers where they are numbers, built-in components by short names."""

    def __init__(self, request: Request, registry: Registry, folder: Path) -> None:
        self.request = request
        self.registry = registry
        self.folder = folder

    def settings(self, texts: Mapping[str, str]) -> Iterator[str]:
        """Yield a line for each component and setting that has a value."""
        yield from (f"{name} = {self.value(name, text)}\n" for name, text in texts.items() if text)

    def variants(self, plan: Plan) -> Iterator[str]:
        """Yield the tables of combinations that are no product of axes."""
        labels = plan.axes.get("variant", ())
        if self.request.variants:
            yield "\n# Combinations that are no product of axes.\n"
        for label, variant in zip(labels, self.request.variants, strict=True):
            yield f"[[variants]]\nname = {quoted(label)}\n"
            yield from self.settings({name: text for name, text in variant.items() if name != "label"})

    def value(self, name: str, text: str) -> str:
        """Return the text of an axis or a setting as a TOML value."""
        if name in SETTINGS:
            return _literal(SETTINGS[name].parse(text))
        return quoted(AXES[name].word(text) or self._component(AXES[name].kind, text))

    def _component(self, kind: str, text: str) -> str:
        """Return a component by its qualified name, a built-in one by its short name where that means it."""
        selection = self.registry.select(kind, parse_reference(text), self.request.prefer)
        plugin = self.registry.get(kind, selection.name).plugin
        if plugin.is_user_code:
            return self._user_code(selection)
        built_in = plugin.built_in
        short = self.registry.get(kind, selection.name.partition("/")[2]) if built_in else None
        return selection.short if short and short.name == selection.name else selection.text

    def _user_code(self, selection: Selection) -> str:
        """Return a component of the user's own by its file, from the folder of the experiment file, or its module."""
        origin = self.registry.user.origin(selection.name)
        if origin.endswith(ENDING):
            origin = Path(os.path.relpath(origin, self.folder)).as_posix()
        parameters = {key: selection.parameters[key] for key in selection.changed}
        return format_reference(f"{origin}:{selection.name.partition('/')[2]}", parameters)


def _title(plan: Plan) -> str:
    labels = [variant.label for variant in plan.variants]
    joint = "; " if any("," in label for label in labels) else ", "
    shown = joint.join(labels[:4]) if len(labels) <= 4 else f"{joint.join(labels[:3])} and {len(labels) - 3} more"
    datasets = dict.fromkeys(variant.trial.dataset.short for variant in plan.variants)
    return f"{shown} on {', '.join(datasets)}"


def _seeds(request: Request, plan: Plan) -> str:
    match request.seeds:
        case AutoSeeds(first, last):
            return f'"auto:{first}..{last}"'
        case "least":
            return '"least"'
    seeds = list(plan.seeds)
    return str(len(seeds)) if seeds == list(range(len(seeds))) else str(seeds)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def _literal(value: ParameterValue) -> str:
    """Return a value as TOML has it; what it lacks is text, as on the command line."""
    if isinstance(value, bool | int | float):
        return format_value(value)
    return quoted(value if isinstance(value, str) else format_value(value))


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        near = text[max(0, error.start - 20) : error.end].encode(errors="backslashreplace").decode()
        raise DlbenchError(
            f"An experiment file cannot hold what is no text, as in {near!r}.", "Use another name, or omit --save."
        ) from None
