"""What an experiment file combines: its axes, variants and settings, as the command line takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.components.syntax import format_value
from dlbench.components.user_code import beside, qualified_text
from dlbench.errors import DlbenchError, suggest
from dlbench.experiments.toml import Place, TomlFile
from dlbench.trials.axes import ASSIGNABLE, axis_name
from dlbench.trials.settings import SETTINGS


def read_axes(file: TomlFile, table: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the values to combine, by name."""
    axes = {}
    for key, values in table.items():
        place = Place("axes", 0, key)
        if not isinstance(values, list) or not values:
            raise file.error(place, f"Invalid axis {key} = {values!r}.", f'It takes a list: {key} = ["…", "…"].')
        name = _name(file, place)
        if name in settings:
            raise file.error(place, f"{key} is both an axis and a setting.", "Set it in one of the two.")
        axes[name] = tuple(_text(file, place, name, value) for value in values)
    return axes


def read_variants(file: TomlFile, axes: Mapping[str, Sequence[str]]) -> tuple[Mapping[str, str], ...]:
    """Return the assignments of each variant, its name as "label"."""
    variants: list[dict[str, str]] = []
    for index, table in enumerate(file.content.get("variants", [])):
        place = Place("variants", index)
        if not isinstance(table, dict) or not isinstance(table.get("name"), str) or not table["name"].strip():
            raise file.error(place._replace(key="name"), "[[variants]] needs a name.", 'Write name = "…".')
        if any(variant["label"] == table["name"] for variant in variants):
            raise file.error(
                place._replace(key="name"),
                f"Two variants are named {table['name']!r}.",
                "Each variant needs its own name.",
            )
        given = {key: value for key, value in table.items() if key != "name"}
        chosen = read_assignments(file, "variants", index, given)
        for name in chosen:
            if name in axes:
                raise file.error(
                    place._replace(key=name),
                    f"{name} is both an axis and part of [[variants]].",
                    "Set it in one of the two.",
                )
        variants.append({"label": table["name"], **chosen})
    return tuple(variants)


def read_assignments(file: TomlFile, table: str, index: int, content: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table sets, by name."""
    assignments = {}
    for key, value in content.items():
        place = Place(table, index, key)
        name = _name(file, place)
        if name in assignments:
            raise file.error(place, f"{name} is given twice, here as {key}.", "Set it once.")
        if isinstance(value, list | dict):
            raise file.error(place, f"{key} takes one value.", "Lists belong in [axes], where each value is a variant.")
        assignments[name] = _text(file, place, name, value)
    return assignments


def _name(file: TomlFile, place: Place) -> str:
    name = axis_name(place.key)
    if name not in ASSIGNABLE:
        raise file.error(
            place,
            f"[{place.table}] has no key {place.key!r}.",
            suggest(name, ASSIGNABLE, f"It takes {', '.join(ASSIGNABLE)}."),
        )
    return name


def _text(file: TomlFile, place: Place, name: str, value: Any) -> str:
    """Return a value as the command line takes it, settings checked; components need the registry."""
    if not isinstance(value, str | int | float):
        raise file.error(place, f"{place.key} = {value!r} is not accepted.", "It takes texts, numbers, true and false.")
    text = value if isinstance(value, str) else format_value(value)
    try:
        if name in SETTINGS:
            SETTINGS[name].parse(text)
            return text
        return qualified_text(text) if file.kept else beside(text, file.path.absolute().parent)
    except DlbenchError as error:
        raise file.error(place, error.message, error.hint) from None
