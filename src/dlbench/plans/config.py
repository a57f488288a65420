"""dlbench.toml: other defaults, from the project's folder or the user's configuration folder."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platformdirs import user_cache_path, user_config_path

from dlbench.components.records import Parameter
from dlbench.components.spelling import OPTION_ALIASES, resolve
from dlbench.components.syntax import format_value, parse_reference, parse_value
from dlbench.components.user_code import split_written
from dlbench.errors import DlbenchError, suggest
from dlbench.files import at_home, read_text
from dlbench.statistics.seeds import TESTS, Seeds, named_seeds
from dlbench.trials.axes import ASSIGNABLE, axis_name
from dlbench.trials.settings import SETTINGS

FILE_NAME = "dlbench.toml"
_FOLDERS = ("results_dir", "data_dir")
_SEEDS = Parameter(None, type=int, minimum=1)
#: How a comparison is judged and run, by the names of the options; a number of seeds stands beside them.
_JUDGING: Mapping[str, Parameter] = MappingProxyType(
    {
        "metric": Parameter(required=True, type=str),
        "margin": Parameter(required=True, type=float, minimum=0),
        "alpha": Parameter(required=True, type=float, minimum=0, maximum=1),
        "all_pairs": Parameter(required=True, type=bool),
        "test": Parameter(required=True, type=str, choices=TESTS),
    }
)
SESSION: Mapping[str, Parameter] = MappingProxyType(
    {
        "executor": Parameter(required=True, type=str),
        "jobs": Parameter(required=True, type=int, minimum=1),
        "mps": Parameter(required=True, type=bool),
        "max_time": Parameter(required=True, type=float, minimum=0),
        "timeout": Parameter(required=True, type=float, minimum=0),
        "checkpoint_every": Parameter(required=True, type=float, minimum=0),
        "save_weights": Parameter(required=True, type=bool),
        "step_losses": Parameter(required=True, type=bool),
    }
)
_KEYS = (*_FOLDERS, "seeds", *_JUDGING, *SESSION, "settings")


@dataclass(frozen=True)
class Config:
    """Defaults from files.

    settings: texts as the command line takes them, by name.
    results_dir: folder of all runs, None if no file names one.
    data_dir: folder of data sets, None if no file names one.
    seeds: how many, or "auto:7..30"; None if no file says it.
    judging: the criteria of new comparisons, by name; the margin in points for shares.
    session: where and how trials run, by the names of the options.
    sources: what each file says, as text by key.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    results_dir: Path | None = None
    data_dir: Path | None = None
    seeds: Seeds = None
    judging: Mapping[str, Any] = field(default_factory=dict)
    session: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[Path, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def in_force(self, *parts: str) -> str:
        """Return which defaults come from files, in one line; "" if none. parts: the fields that the command uses."""
        said = []
        for path, content in self.sources.items():
            known = [f"{key} = {text}" for key, text in content.items() if _part(key) in parts]
            said += [f"{path}: {', '.join(known)}"] if known else []
        return f"Defaults from {'; '.join(said)}" if said else ""


def _part(key: str) -> str:
    """Return the field of Config that a key of a file goes into."""
    return "judging" if key in _JUDGING else "session" if key in SESSION else key.partition(".")[0]


def load_config(project: Path, user: Path | None = None, faults: list[DlbenchError] | None = None) -> Config:
    """Read the user's and the project's dlbench.toml; the project's lines win.

    Raises DlbenchError, with the file and the line's key, for anything that is not a known default. faults: gets these
    errors instead, and such a file is left out.
    """
    merged = Config()
    for folder in (user or user_config_path("dlbench"), project):
        if (path := folder / FILE_NAME).is_file():
            try:
                found = _read(path)
            except DlbenchError as error:
                if faults is None:
                    raise
                faults.append(error)
                continue
            merged = Config(
                {**merged.settings, **found.settings},
                found.results_dir or merged.results_dir,
                found.data_dir or merged.data_dir,
                found.seeds or merged.seeds,
                {**merged.judging, **found.judging},
                {**merged.session, **found.session},
                {**merged.sources, **found.sources},
            )
    return merged


def _read(path: Path) -> Config:
    try:
        content = tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DlbenchError(f"{path} is not valid TOML: {error}", "Correct it, or move the file away.") from None
    given = _named(path, content)
    settings = _read_settings(path, given.pop("settings", {}))
    folders = {key: _read_folder(path, key, given[key]) for key in _FOLDERS if key in given}
    said = {key: str(folders.get(key, value)) for key, value in given.items()}
    return Config(
        settings,
        seeds=_read_seeds(path, given["seeds"]) if "seeds" in given else None,
        judging={key: _read_value(path, key, given[key], _JUDGING[key]) for key in _JUDGING if key in given},
        session={key: _read_value(path, key, given[key], SESSION[key]) for key in SESSION if key in given},
        sources={path: said | {f"settings.{name}": text for name, text in settings.items()}},
        **folders,
    )


def _named(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a file by the names of their keys."""
    named: dict[str, Any] = {}
    for key, value in content.items():
        name = resolve(key, _KEYS, OPTION_ALIASES) or key
        if name not in _KEYS:
            hint = "Settings stand below [settings]." if axis_name(key) in ASSIGNABLE else ""
            hint = hint or suggest(key, _KEYS, f"It takes {', '.join(_KEYS)}.")
            raise DlbenchError(f"{path}: there is no {key!r}.", hint)
        if name in named:
            raise DlbenchError(f"{path}: {name} is given twice, once as {key}.", "Set it once.")
        named[name] = value
    return named


def _read_seeds(path: Path, value: Any) -> Seeds:
    if isinstance(value, str) and value.startswith(("auto", "least")):
        with _naming(path):
            return named_seeds(value)
    count = _read_value(path, "seeds", value, _SEEDS)
    assert isinstance(count, int)  # by its parameter
    return count


def _read_value(path: Path, key: str, value: Any, parameter: Parameter) -> Any:
    if isinstance(value, list | dict):
        raise DlbenchError(f"{path}: {key} takes one value.", "Lists belong on the command line.")
    with _naming(path):
        return parse_value(value if isinstance(value, str) else format_value(value), parameter, key)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the file to a DlbenchError."""
    try:
        yield
    except DlbenchError as error:
        raise DlbenchError(f"{path}: {error.message}", error.hint) from None


def _read_folder(path: Path, key: str, value: Any) -> Path:
    if not isinstance(value, str):
        raise DlbenchError(f"{path}: {key} must be a path, got {value!r}.", f'Write {key} = "folder".')
    return path.parent / at_home(value)


def _read_settings(path: Path, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise DlbenchError(f"{path}: settings must be a table.", "Write [settings] on a line of its own.")
    settings = {}
    for key, value in table.items():
        name = axis_name(key)
        if name not in ASSIGNABLE:
            raise DlbenchError(
                f"{path}: [settings] has no {key!r}.", suggest(name, ASSIGNABLE, f"It takes {', '.join(ASSIGNABLE)}.")
            )
        if isinstance(value, list | dict):
            raise DlbenchError(f"{path}: {key} takes one value.", "Lists belong on the command line.")
        if name in settings:
            raise DlbenchError(f"{path}: [settings] gives {name} twice, once as {key}.", "Set it once.")
        settings[name] = value if isinstance(value, str) else format_value(value)
        if name in SETTINGS:
            with _naming(path):
                SETTINGS[name].parse(settings[name])
        elif split_written(parse_reference(settings[name]).name):  # a command in a stranger's folder would run it
            raise DlbenchError(
                f"{path}: {key} names code of your own, {settings[name]}.", "Name it on the command line."
            )
    return settings


def default_data_dir() -> Path:
    """Return the platform's cache folder for data sets."""
    return user_cache_path("dlbench")
