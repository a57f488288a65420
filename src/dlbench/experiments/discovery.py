"""The experiment files that plugins bring, and the one that an argument means."""

from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import DlbenchError, suggest
from dlbench.experiments.experiment_file import Experiment, load_experiment
from dlbench.files import at_home
from dlbench.plugins.registry import Registry


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
    """Return the experiment files of all plugins, by name; a hook that returns no paths is disabled."""
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
        return load_experiment(at_home(argument))
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
