"""dlbench.toml: other defaults, from the project's folder or the user's configuration folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_config_path

from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError, suggest
from dlbench.trials.axes import ASSIGNABLE, axis_name
from dlbench.trials.settings import SETTINGS

FILE_NAME = "dlbench.toml"
_FOLDERS = ("results_dir", "data_dir")


@dataclass(frozen=True)
class Config:
    """Defaults from files.

    settings: texts as the command line takes them, by name.
    results_dir: folder of all runs, None if no file names one.
    data_dir: folder of data sets, None if no file names one.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    results_dir: Path | None = None
    data_dir: Path | None = None


def load_config(project: Path, user: Path | None = None) -> Config:
    """Read the user's and the project's dlbench.toml; the project's lines win.

    Raises DlbenchError, with the file and the line's key, for anything that is not a known default.
    """
    merged = Config()
    for folder in (user or user_config_path("dlbench"), project):
        if (path := folder / FILE_NAME).is_file():
            found = _read(path)
            merged = Config(
                {**merged.settings, **found.settings},
                found.results_dir or merged.results_dir,
                found.data_dir or merged.data_dir,
            )
    return merged


def _read(path: Path) -> Config:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DlbenchError(f"{path} is not valid TOML: {error}", "Correct it, or move the file away.") from None
    accepted = [*_FOLDERS, "settings"]
    for key in content:
        if key not in accepted:
            raise DlbenchError(
                f"{path}: there is no {key!r}.", suggest(key, accepted, f"It takes {', '.join(accepted)}.")
            )
    folders = {key: _read_folder(path, key, content[key]) for key in _FOLDERS if key in content}
    return Config(_read_settings(path, content.get("settings", {})), **folders)


def _read_folder(path: Path, key: str, value: Any) -> Path:
    if not isinstance(value, str):
        raise DlbenchError(f"{path}: {key} must be a path, got {value!r}.", f'Write {key} = "folder".')
    return path.parent / Path(value).expanduser()


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
        settings[name] = value if isinstance(value, str) else format_value(value)
        if name in SETTINGS:
            _check(path, name, settings[name])
    return settings


def _check(path: Path, name: str, text: str) -> None:
    try:
        SETTINGS[name].parse(text)
    except DlbenchError as error:
        raise DlbenchError(f"{path}: {error.message}", error.hint) from None


def default_data_dir() -> Path:
    """Return the platform's cache folder for data sets."""
    return user_cache_path("dlbench")
