"""Which components of a unit are other plugins': what may be blamed by name for what it does to a process."""

from dlbench.plugins.discovery import BUILT_IN
from dlbench.trials.work_unit import WorkUnit


def strangers(unit: WorkUnit) -> tuple[str, ...]:
    """Return the names of the components and diagnostics of a unit that are not built in, each once."""
    names = [selection.name for trial in unit.trials for selection in trial.components.values()]
    names += [written.partition(":")[0] for written in unit.diagnostics.diagnostics]
    others = (name for name in names if "/" in name and name.partition("/")[0] not in BUILT_IN)
    return tuple(dict.fromkeys(others))
