"""Everything that may vary between trials, as text: the component axes and the settings."""

from collections.abc import Mapping
from types import MappingProxyType

from dlbench.components.axes import AXES
from dlbench.components.spelling import OPTION_ALIASES, resolve
from dlbench.components.syntax import format_value
from dlbench.trials.settings import SETTINGS, VALUES_BEFORE_INTRODUCED

#: Names of all axes and settings, in the order in which tables show them.
ASSIGNABLE: tuple[str, ...] = (*AXES, *SETTINGS)
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {name: axis.default for name, axis in AXES.items()}
    | {name: format_value(setting.parameter.default) for name, setting in SETTINGS.items()}
)
#: Axes and settings added after trials were recorded without them, with the text of what those trials did.
TEXTS_BEFORE_INTRODUCED: Mapping[str, str] = MappingProxyType(
    {name: axis.absent for name, axis in AXES.items() if axis.absent is not None}
    | {name: format_value(value) for name, value in VALUES_BEFORE_INTRODUCED.items()}
)


def axis_name(written: str) -> str:
    """Return the axis or setting that a name means, however it is spelled; an unknown name with underscores."""
    return resolve(written, ASSIGNABLE, OPTION_ALIASES) or written.replace("-", "_")
