"""The [tune] table of an experiment file: the range of each name, and how the search goes about it."""

from collections.abc import Iterator, Mapping
from typing import Any

from dlbench.experiments.toml import Place, TomlFile, quoted
from dlbench.plans.search_space import AUTO
from dlbench.plans.tuning import Tune

#: What the table says beside ranges: the field of `Tune`, its types, and in words.
_HOW: Mapping[str, tuple[str, tuple[type, ...], str]] = {
    "budget": ("budget", (int, str), 'a number of points, or a time such as "2h"'),
    "studies": ("studies", (int,), "a number of searches"),
    "tuning_seeds": ("seeds", (int,), "a number of seeds"),
    "tune_design": ("design", (str,), '"sobol" or "random"'),
}


def read_tune(file: TomlFile) -> Tune | None:
    """Return what the table asks for; None where there is none. Raises DlbenchError with file and line."""
    content = file.content.get("tune")
    if content is None:
        return None
    if not isinstance(content, dict):
        raise file.error(Place(key="tune"), "tune must be a table.", "Write [tune] on a line of its own.")
    how: dict[str, Any] = {}
    ranges: list[str] = []
    for key, value in content.items():
        name = key.replace("-", "_")
        if name in _HOW:
            field, types, wanted = _HOW[name]
            if not isinstance(value, types) or isinstance(value, bool):
                raise file.error(Place("tune", 0, key), f"{key} = {value!r} is not accepted.", f"It takes {wanted}.")
            how[field] = str(value) if field == "budget" else value
        else:
            ranges += _ranges(file, key, value)
    return Tune(ranges=tuple(ranges), **how)


def _ranges(file: TomlFile, key: str, value: Any) -> Iterator[str]:
    """Yield the texts of a key: NAME=RANGE, of a nested table (as "optimizer.weight_decay" reads) one for each name."""
    if isinstance(value, dict):
        for name, text in value.items():
            yield from _ranges(file, f"{key}.{name}", text)
    elif key == AUTO and value is True:
        yield AUTO
    elif isinstance(value, str):
        yield f"{key}={value}" if value else key
    else:
        hint = (
            'It takes a range: learning-rate = "log:1e-4..1e-1"; "" is the usual one. auto = true takes all declared.'
        )
        raise file.error(Place("tune", 0, key.partition(".")[0]), f"{key} = {value!r} is no range.", hint)


def tune_lines(tune: Tune) -> Iterator[str]:
    """Yield the lines of a table, which `read_tune` reads back."""
    for text in tune.ranges:
        name, _, written = (part.strip() for part in text.partition("="))
        key = ".".join(
            f'"{part}"' if not part.replace("_", "").replace("-", "").isalnum() else part for part in name.split(".")
        )
        yield f"{AUTO} = true\n" if text.strip() == AUTO else f"{key} = {quoted(written)}\n"
    for key, (field, _, _) in _HOW.items():
        value, usual = getattr(tune, field), getattr(Tune(), field)
        if value != usual:
            yield f"{key} = {value}\n" if isinstance(value, int) or value.isdecimal() else f'{key} = "{value}"\n'
