"""Components of the user's own in a registry: their code by the name that stands in the place of a plugin's."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.choice import Selection
from dlbench.components.records import KINDS, Component, Parameter
from dlbench.components.syntax import format_reference
from dlbench.components.user_code import UserCode, is_user_code, split_written
from dlbench.errors import DlbenchError
from dlbench.plugins.discovery import Plugin
from dlbench.plugins.user_files import find_user_code
from dlbench.plugins.user_objects import code_of_object, split_object
from dlbench.plugins.user_records import read_record

#: The kinds whose components may be the user's own: what trials are made of.
_KINDS = frozenset(axis.kind for axis in AXES.values())


class UserComponents:
    """The user's own code that a command, or a worker, knows.

    plugins: the registry's plugins by name; what stands for code is added there.
    """

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        self._plugins = plugins
        self._codes: dict[str, UserCode] = {}
        self._records: dict[tuple[str, str], Component] = {}
        self._stand_ins: dict[tuple[str, str], Component] = {}

    def codes(self, plugins: Collection[str]) -> tuple[UserCode, ...]:
        """Return the code of those that stand in the place of plugins."""
        return tuple(code for name, code in self._codes.items() if name in plugins)

    def add(self, code: UserCode) -> None:
        """Make code known. Raises DlbenchError for another one of the same name, since results name it by that."""
        before = self._codes.get(code.name)
        if before and before.digest != code.digest:
            raise DlbenchError(
                f"{before.origin or before.name} and {code.origin or code.name} have one name, {code.name}, by which "
                "results would name both.",
                "Rename one of the two.",
            )
        if before is None:
            self._codes[code.name] = code
            self._plugins[code.name] = Plugin(code.name, ModuleType(code.name), code.origin or code.name, code.digest)

    def replace(self, code: UserCode) -> None:
        """Make code known in place of other code of its name."""
        if code.name in self._codes and self._codes[code.name].digest != code.digest:
            del self._codes[code.name]
            self._records = {key: each for key, each in self._records.items() if key[1].partition("/")[0] != code.name}
        self.add(code)

    def origin(self, name: str) -> str:
        """Return where a component's code was found, "" for none and for that of a notebook or a script."""
        code = self._codes.get(name.partition("/")[0])
        return code.origin if code else ""

    def find(self, kind: str, name: str, known: Collection[str] = ()) -> tuple[Plugin, Component] | None:
        """Return a component by its qualified name, "acts.py/Swish", or as it is written, "./acts.py:Swish"; else None.

        known: names of the kind's components, before which a colon belongs to a parameter.
        """
        plugin, slash, attribute = name.rpartition("/")
        if plugin not in self._codes and (kind, name) in self._stand_ins:
            return Plugin(plugin, ModuleType(plugin), plugin, ""), self._stand_ins[kind, name]
        if not (slash and plugin in self._codes):
            written = split_written(name)
            if written is None or written[0] in known:
                return None
            if kind not in _KINDS:
                noun = KINDS[kind].noun
                raise DlbenchError(f"Code of your own is no {noun}: {name}.", "Make a plugin: `dlbench plugins new`.")
            code = find_user_code(written[0], Path.cwd())
            self.add(code)
            plugin, attribute = code.name, written[1]
        return self._plugins[plugin], self._record(kind, plugin, attribute)

    def _record(self, kind: str, plugin: str, attribute: str) -> Component:
        key = (kind, f"{plugin}/{attribute}")
        if key not in self._records:
            code = self._codes[plugin]
            self._records[key] = read_record(kind, attribute, code, code.import_name)
        return self._records[key]

    def stand_in(self, trials: Iterable[Mapping[str, Selection]]) -> None:
        """Let records that are made of trials' components stand in for those of code that is not looked for.

        trials: the components of each, by axis. Those of earlier calls are forgotten.
        """
        self._stand_ins = {}
        found: dict[tuple[str, str], dict[str, Parameter]] = {}
        for components in trials:
            for axis, chosen in components.items():
                if is_user_code(chosen.name.partition("/")[0]):
                    declared = found.setdefault((AXES[axis].kind, chosen.name), {})
                    for key, value in chosen.parameters.items():
                        if key not in chosen.changed or key not in declared:
                            declared[key] = Parameter(None if key in chosen.changed else value)
        for (kind, name), parameters in found.items():
            self._stand_ins[kind, name] = KINDS[kind](name="stand-in", factory="none:none", parameters=parameters)
            object.__setattr__(self._stand_ins[kind, name], "name", name.partition("/")[2])

    def text_of(self, value: Any) -> str:
        """Return a class, a function or a functools.partial() of one as text, with its code made known."""
        factory, parameters = split_object(value)
        code, name = code_of_object(factory)
        self.add(code)
        return format_reference(f"{code.name}/{name}", parameters)
