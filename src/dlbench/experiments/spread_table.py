"""The [spread] table of an experiment file: which sources of randomness are varied, one at a time."""

from collections.abc import Iterator
from typing import Any

from dlbench.errors import suggest
from dlbench.experiments.toml import Place, TomlFile, quoted
from dlbench.plans.spread import Spread

_KEYS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "sources": ((str, list), "a list of sources of randomness"),
    "backgrounds": (int, "a number of seeds"),
    "levels": (int, "a number of seeds"),
    "of": (str, '"variant" or "difference"'),
}


def read_spread(file: TomlFile) -> Spread | None:
    """Return what the table asks for; None where there is none. Raises DlbenchError with file and line."""
    content = file.content.get("spread")
    if content is None:
        return None
    asked: dict[str, Any] = {}
    for key, value in content.items():
        here = Place("spread", 0, key)
        if key not in _KEYS:
            raise file.error(
                here, f"[spread] has no key {key!r}.", suggest(key, _KEYS, f"It takes {', '.join(_KEYS)}.")
            )
        types, wanted = _KEYS[key]
        texts = not isinstance(value, list) or all(isinstance(each, str) for each in value)
        if not isinstance(value, types) or isinstance(value, bool) or not texts:
            raise file.error(here, f"{key} = {value!r} is not accepted.", f"It takes {wanted}.")
        asked[key] = ([value] if isinstance(value, str) else value) if key == "sources" else value
    return Spread(**asked)


def spread_lines(spread: Spread, sources: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table, which `read_spread` reads back. sources: those that are varied."""
    yield f"sources = [{', '.join(map(quoted, sources))}]\n"
    yield f'backgrounds = {spread.backgrounds}\nlevels = {spread.levels}\nof = "{spread.of}"\n'
