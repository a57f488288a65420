"""What may be tuned for a variant: from --tune to a range for each setting and each parameter of its components."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.records import Component, Parameter, ParameterValue
from dlbench.components.search import SearchRange, parse_range
from dlbench.components.spelling import PARAMETER_ALIASES, plain, resolve
from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.registry import Registry, select
from dlbench.trials.axes import axis_name
from dlbench.trials.identity import digest
from dlbench.trials.settings import SETTINGS
from dlbench.trials.trial import Trial

#: Settings that make a variant better or worse; the others say what is compared, on how much data, and where.
TUNABLE = ("learning_rate", "batch_size", "label_smoothing", "gradient_clip", "augment", "normalization", "patience")
AUTO = "auto"
#: A range of each type, for messages.
_EXAMPLES: Mapping[Any, str] = {int: "int:1..8", float: "lin:0..0.9"}
#: Without a declared range, a number is searched up to this factor around its default.
_REACH = 30.0


@dataclass(frozen=True)
class Dimension:
    """One setting or parameter that is searched.

    axis: of the component whose parameter it is; "" for a setting.
    key: its name there.
    range: the values to try.
    """

    axis: str
    key: str
    range: SearchRange

    @property
    def name(self) -> str:
        """Return its name in files: "learning_rate", "optimizer.weight_decay"."""
        return f"{self.axis}.{self.key}" if self.axis else self.key

    def of(self, trial: Trial) -> ParameterValue:
        """Return its value in a trial."""
        return trial.components[self.axis].parameters[self.key] if self.axis else trial.settings.values[self.key]


def with_point(trial: Trial, dimensions: Sequence[Dimension], place: Sequence[float], registry: Registry) -> Trial:
    """Return a trial with the values that lie at a point of the unit cube."""
    return with_values(
        trial, {each.name: each.range.value(at) for each, at in zip(dimensions, place, strict=False)}, registry
    )


def with_values(trial: Trial, values: Mapping[str, ParameterValue], registry: Registry) -> Trial:
    """Return a trial with values of settings and, as "optimizer.weight_decay", of its components' parameters."""
    own = {name: value for name, value in values.items() if "." not in name}
    changed: dict[str, Any] = {"settings": replace(trial.settings, **own)} if own else {}  # type: ignore[arg-type]  # by name
    components = trial.components
    for axis in dict.fromkeys(name.partition(".")[0] for name in values if "." in name):
        chosen = components[axis]
        given = {key: chosen.parameters[key] for key in chosen.changed}
        given |= {name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{axis}.")}
        texts = {key: format_value(value) for key, value in given.items()}
        changed[axis] = select(registry.get(AXES[axis].kind, chosen.name), texts)  # a component's axis is a field
    return replace(trial, **changed)


def search_space(texts: Sequence[str], trial: Trial, registry: Registry) -> tuple[Dimension, ...]:
    """Return what is searched for a variant, in the order in which it was asked for.

    texts: NAME=RANGE, NAME for its declared range, or "auto" for all declared ranges. A name is a setting, or a
        parameter after an axis or a component: learning-rate, optimizer.weight_decay, sgd.momentum.
    Raises DlbenchError for names and ranges that the variant does not take.
    """
    found: dict[str, Dimension] = {}
    asked: dict[str, SearchRange] = {}
    for text in texts:
        name, equals, written = (part.strip() for part in text.partition("="))
        if not name or ":" in name:
            raise DlbenchError(f"--tune {text} does not read NAME=RANGE.", "Write --tune learning-rate=log:1e-4..1e-1.")
        if name == AUTO and not equals:  # what is asked for by name stays
            declared = {each.name: each for each in _declared(trial, registry)}
            if not declared:
                raise _nothing_declared(trial)
            found |= {key: each for key, each in declared.items() if key not in asked}
            continue
        for each in _asked(name, written, trial, registry):
            if each.name in asked:
                both = f"{asked[each.name]} and in {each.range}"
                raise DlbenchError(f"--tune names {name} twice, in {both}.", "Name it once.")
            asked[each.name] = each.range
            found[each.name] = each
    return tuple(found.values())


def _declared(trial: Trial, registry: Registry) -> Iterator[Dimension]:
    """Yield what the records of a variant's components declare."""
    for axis, selection in trial.components.items():
        if "/" not in selection.name or axis == "dataset":
            continue
        record = registry.get(AXES[axis].kind, selection.name).record
        for key, text in record.search.items():
            yield declared_dimension(axis, key, text, record)


def declared_dimension(axis: str, key: str, text: str, record: Component) -> Dimension:
    """Return a dimension that a record declares: of its own parameter, else of a setting.

    Raises DlbenchError for a name that is neither, and for a range that it does not take.
    """
    if key in record.parameters:
        return Dimension(axis, key, parse_range(text, record.parameters[key], f"{record.name}:{key}"))
    if key not in TUNABLE:
        raise DlbenchError(
            f"{record.name} declares a range of {key!r}, which is neither its parameter nor a setting to tune.",
            f"Settings to tune are {', '.join(TUNABLE)}.",
        )
    return Dimension("", key, parse_range(text, SETTINGS[key].parameter, SETTINGS[key].option))


def _asked(name: str, text: str, trial: Trial, registry: Registry) -> Iterator[Dimension]:
    """Yield the dimension that a name means for a variant; none where it names a component that the variant lacks."""
    owner, dot, key = name.rpartition(".")
    if not dot:
        yield _setting(name, text, trial, registry)
        return
    axes = {axis: trial.components[axis] for axis in AXES if axis != "dataset"}
    axis = axis_name(owner)
    if axis not in axes:
        named = [
            axis
            for axis, chosen in axes.items()
            if plain(owner) in (plain(chosen.name), plain(chosen.name.rpartition("/")[2]))
        ]
        if not named:
            _check_owner(owner, registry)
            return
        axis = named[0]
    if "/" not in axes[axis].name:
        raise DlbenchError(f"{name}: there is no {axis} to tune.", "Name a component that every variant has.")
    record = registry.get(AXES[axis].kind, axes[axis].name).record
    meant = resolve(key, record.parameters, PARAMETER_ALIASES)
    if meant is None:
        hint = suggest(key, record.parameters, f"It takes {', '.join(record.parameters) or 'none'}.")
        raise DlbenchError(
            f"{record.name} has no parameter {key!r} to tune.", f"{hint} For one component alone: NAME.{key}"
        )
    declared = record.parameters[meant]
    yield Dimension(axis, meant, _range(name, text or record.search.get(meant, ""), declared, f"{record.name}:{meant}"))


def _setting(name: str, text: str, trial: Trial, registry: Registry) -> Dimension:
    key = axis_name(name)
    if key not in TUNABLE:
        known = "decides what is compared" if key in (*SETTINGS, *AXES) else "is no setting"
        options = ", ".join(each.replace("_", "-") for each in TUNABLE)
        hint = suggest(key, TUNABLE, f"It takes {options}, and parameters such as optimizer.weight_decay.")
        if owner := _owner_of(key, trial, registry):
            known, hint = f"is a parameter of the {owner}", f"Write --tune {owner}.{key}=…"
        raise DlbenchError(f"--tune {name}: {name} {known}, so it cannot be tuned.", hint)
    declared = next((each.range for each in _declared(trial, registry) if each.name == key), None)
    if not text and declared:
        return Dimension("", key, declared)
    return Dimension(
        "", key, _range(name, text, SETTINGS[key].parameter, SETTINGS[key].option, trial.settings.values[key])
    )


def _owner_of(key: str, trial: Trial, registry: Registry) -> str:
    """Return the axis of the first of a variant's components that has a parameter; "" where none has."""
    for axis, chosen in trial.components.items():
        if axis != "dataset" and "/" in chosen.name:
            declared = registry.get(AXES[axis].kind, chosen.name).record.parameters
            if resolve(key, declared, PARAMETER_ALIASES):
                return axis
    return ""


def _range(name: str, text: str, parameter: Parameter, shown: str, default: ParameterValue = None) -> SearchRange:
    """Return a range, the usual one around a default where none is given. Raises DlbenchError without either.

    name: as --tune has it. shown: as other errors name the setting or the parameter.
    """
    if text:
        return parse_range(text, parameter, shown)
    middle = parameter.default if default is None else default
    if parameter.type is float and isinstance(middle, float) and middle > 0:
        low, high = (float(f"{each:.3g}") for each in (middle / _REACH, middle * _REACH))
        top = high if parameter.maximum is None else min(high, parameter.maximum)
        return parse_range(f"log:{low:g}..{top:g}", parameter, shown)
    example = _EXAMPLES.get(parameter.type, "choice:A/B")
    raise DlbenchError(f"--tune {name}: it has no usual range.", f"Write one, such as --tune {name}={example}.")


def _check_owner(owner: str, registry: Registry) -> None:
    """Raise DlbenchError where nothing installed has a name."""
    kinds = [axis.kind for axis in AXES.values() if axis.name != "dataset"]
    names = [entry.record.name for kind in kinds for entry in registry.entries(kind)]
    if resolve(owner.rpartition("/")[2], names, {}) is None:
        axes = ", ".join(axis for axis in AXES if axis != "dataset")
        raise DlbenchError(f"--tune: there is no {owner!r}.", suggest(owner, [*AXES, *names], f"It takes {axes}."))


def _nothing_declared(trial: Trial) -> DlbenchError:
    return DlbenchError(
        f"{trial.optimizer.short} declares no ranges to tune.", "Write them: --tune learning-rate=log:1e-4..1e-1"
    )


def untuned_identity(trial: Trial, dimensions: Sequence[Dimension]) -> str:
    """Return what a trial is apart from its seed and from what is searched."""
    components = {axis: selection.identity for axis, selection in trial.components.items()}
    settings = dict(trial.settings.identity)
    for each in dimensions:
        lowest = each.range.value(0.0)
        if each.axis:
            name, parameters = components[each.axis]
            components[each.axis] = [name, {**parameters, each.key: lowest}]
        else:
            settings[each.key] = lowest
    return digest([components, settings])


def ranges_of(dimensions: Sequence[Dimension]) -> Mapping[str, str]:
    """Return what is searched as texts by name."""
    return {each.name: str(each.range) for each in dimensions}
