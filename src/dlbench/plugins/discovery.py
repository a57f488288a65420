"""Discovery: find the plugins, load each by itself, report what is broken and continue."""

import contextlib
import importlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pluggy import HookImpl, PluginManager

from dlbench import hookspecs
from dlbench.components.records import API_VERSION
from dlbench.components.user_code import is_user_code
from dlbench.errors import DlbenchError, describe_error, suggest
from dlbench.hookspecs import PROJECT
from dlbench.plugins.requirements import remedy_for, unmet_requirement

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Answer = TypeVar("Answer")

#: Plugins that come with the core, and their modules, as the entry points of others name them.
BUILT_IN = {"standard": "dlbench.standard.plugin", "torchvision": "dlbench.torchvision.plugin"}
#: Libraries that are imported only by the work that needs them, as each takes long.
HEAVY = ("torch", "torchvision", "numpy", "pandas", "scipy", "sklearn", "matplotlib")
_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
#: A plugin that takes longer than this to import is reported: every command waits for it.
SLOW_SECONDS = 5.0


@dataclass(frozen=True)
class Plugin:
    """One loaded plugin and the distribution that it came in."""

    name: str
    module: ModuleType = field(repr=False)
    distribution: str
    version: str

    @property
    def built_in(self) -> bool:
        """Return whether it comes with the core."""
        return self.name in BUILT_IN

    @property
    def is_user_code(self) -> bool:
        """Return whether it stands for a file of the user's."""
        return is_user_code(self.name)


@dataclass(frozen=True)
class PluginProblem:
    """Why a plugin, or a part of it, was skipped, and what its user can do."""

    plugin: str
    distribution: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"The plugin {self.plugin} ({self.distribution}): {self.reason} {self.remedy}"


class Refusal(NamedTuple):
    """Why a plugin is not loaded.

    remedy: what its user can do instead of removing it, where an update is not enough.
    """

    reason: str
    remedy: str = ""


@dataclass
class PluginSet:
    """The loaded plugins and the hook calls over them; a hook that raises is reported once and disabled.

    strict: a fault of a plugin is an error.
    """

    plugins: tuple[Plugin, ...]
    problems: list[PluginProblem]
    manager: PluginManager = field(repr=False)
    strict: bool = False
    _reported: int = 0
    _disabled: set[tuple[str, str]] = field(default_factory=set, repr=False)

    @cached_property
    def by_name(self) -> dict[str, Plugin]:
        """Return the loaded plugins by name."""
        return {plugin.name: plugin for plugin in self.plugins}

    def call(self, hook: str, *, only: str = "", **arguments: Any) -> Iterator[tuple[Plugin, Any]]:
        """Call one hook of every plugin, or of one, in the order of discovery, and yield each answer."""
        implementations: dict[str, HookImpl] = {
            impl.plugin_name: impl for impl in getattr(self.manager.hook, hook).get_hookimpls()
        }
        for plugin in self.plugins:
            if plugin.name not in implementations or (plugin.name, hook) in self._disabled:
                continue
            if only not in ("", plugin.name):
                continue
            answer, error = _guarded(_answer, implementations[plugin.name], arguments)
            if error:
                self.disable_hook(plugin, hook, f"its hook {hook} raised {describe_error(error)}.")
            else:
                yield plugin, answer

    def disable_hook(self, plugin: Plugin, hook: str, reason: str, remedy: str = "") -> None:
        """Report a hook's fault once, if there is a reason, and never call that hook of the plugin again.

        remedy: what may mend it; without one, an update of the plugin.
        """
        if (plugin.name, hook) not in self._disabled:
            self._disabled.add((plugin.name, hook))
            if not reason:
                return
            self.problems.append(_problem(plugin.name, f"{plugin.distribution} {plugin.version}", reason, remedy))
            if self.strict:
                raise _as_error(self.problems[-1:])

    def take_new_problems(self) -> list[PluginProblem]:
        """Return the problems that no earlier call returned."""
        fresh = self.problems[self._reported :]
        self._reported = len(self.problems)
        return fresh

    def hooks(self, plugin: Plugin) -> tuple[str, ...]:
        """Return the hooks that a plugin implements."""
        return tuple(sorted(caller.name for caller in self.manager.get_hookcallers(plugin.module) or ()))


def _answer(implementation: HookImpl, arguments: Mapping[str, Any]) -> Any:
    """Call a hook. Return an iterable as a list, as the body of a generator is the plugin's code too."""
    answer = implementation.function(*(arguments[name] for name in implementation.argnames))
    return list(answer) if isinstance(answer, Iterable) and not isinstance(answer, str) else answer


def _guarded(
    code: Callable[..., Answer], *arguments: Any, output: Any = None
) -> tuple[Answer | None, BaseException | None]:
    """Run a plugin's code and return its answer and what it raised.

    output: where its prints go, else standard error, so that they do not mix with a document on standard output.
    """
    try:
        with contextlib.redirect_stdout(output or sys.stderr):
            return code(*arguments), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit()
        return None, error


def load_plugins(strict: bool | None = None) -> PluginSet:
    """Load the built-in plugins, then every entry point of the group "dlbench" that DLBENCH_PLUGINS allows.

    strict: whether a fault of a plugin raises DlbenchError; None: as DLBENCH_STRICT_PLUGINS says.
    """
    manager = PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    core = metadata.version("dlbench")
    plugins = [Plugin(name, importlib.import_module(module), "dlbench", core) for name, module in BUILT_IN.items()]
    for plugin in plugins:
        manager.register(plugin.module, plugin.name)
    problems: list[PluginProblem] = []
    for entry_point in _entry_points():
        loaded, faults = _load_one(entry_point, manager, core)
        plugins += [loaded] if loaded else []
        problems += faults
    strict = os.environ.get("DLBENCH_STRICT_PLUGINS", "") not in ("", "0") if strict is None else strict
    if strict and problems:
        raise _as_error(problems)
    return PluginSet(tuple(plugins), problems, manager, strict)


def _load_one(
    entry_point: "EntryPoint", manager: PluginManager, core: str
) -> tuple[Plugin | None, list[PluginProblem]]:
    """Return a plugin, or None where it cannot be loaded, and its problems."""
    distribution, printed, started = _distribution_name(entry_point), io.StringIO(), perf_counter()
    loaded, error = _guarded(_load, entry_point, manager, core, output=printed)
    seconds = perf_counter() - started
    if isinstance(loaded, ModuleType):
        version = entry_point.dist.version if entry_point.dist else ""
        plugin = Plugin(entry_point.name, loaded, distribution, version)
        reasons = [*_slow(seconds), *_printing(printed.getvalue())]
        return plugin, [_minor_problem(entry_point.name, distribution, reason) for reason in reasons]
    if error:
        remedy = remedy_for(error, entry_point.dist)
        loaded = Refusal(f"loading {entry_point.value} raised {describe_error(error)}.", remedy)
    assert loaded is not None
    return None, [_problem(entry_point.name, distribution, *loaded)]


def _slow(seconds: float) -> list[str]:
    return [f"it took {seconds:.0f} seconds to import, and every command waits for it."] * (seconds > SLOW_SECONDS)


def _printing(printed: str) -> list[str]:
    shown = " ".join(printed.split())
    return [f"it prints when it is imported ({shown[:60]!r}); that was kept from the output."] if shown else []


def _load(entry_point: "EntryPoint", manager: PluginManager, core: str) -> ModuleType | Refusal:
    """Import and register a plugin, or return why it is refused."""
    if refusal := _refusal(entry_point, manager, core):
        return refusal
    module = importlib.import_module(entry_point.module)
    if reason := _misspelled_hooks(manager, module):
        return Refusal(reason)
    manager.register(module, entry_point.name)
    return module


def _entry_points() -> list["EntryPoint"]:
    found = sorted(metadata.entry_points(group=PROJECT), key=lambda point: (point.name, point.value))
    allowed = os.environ.get("DLBENCH_PLUGINS")
    if allowed is None:
        return found
    names = {name.strip() for name in allowed.split(",") if name.strip()}
    if unknown := names - {point.name for point in found} - BUILT_IN.keys():
        name = min(unknown)
        raise DlbenchError(
            f"DLBENCH_PLUGINS names the plugin {name!r}, which is not installed.",
            suggest(name, [point.name for point in found], "Type `dlbench plugins list` without it."),
        )
    return [point for point in found if point.name in names]


def _refusal(entry_point: "EntryPoint", manager: PluginManager, core: str) -> Refusal | None:
    if not _NAME.match(entry_point.name):
        return Refusal("its name is not made of lowercase letters, digits and hyphens, starting with a letter.")
    if manager.has_plugin(entry_point.name):
        return Refusal(f"another plugin is already named {entry_point.name}.")
    if entry_point.dist and (wanted := unmet_requirement(entry_point.dist, core)):
        return Refusal(
            f"it needs {wanted}, and this is dlbench {core} (plugin API {API_VERSION}).",
            f"Install what it needs (pip install '{wanted}')",
        )
    return None


def _misspelled_hooks(manager: PluginManager, module: ModuleType) -> str:
    specified = [name for name in vars(hookspecs) if name.startswith("dlbench_")]
    for name in dir(module):
        if manager.parse_hookimpl_opts(module, name) is None:
            continue
        if name not in specified:
            return f"there is no hook {name}. {suggest(name, specified)}".strip()
        accepted = getattr(hookspecs, name).__code__.co_varnames[: getattr(hookspecs, name).__code__.co_argcount]
        code = getattr(module, name).__code__
        if extra := set(code.co_varnames[: code.co_argcount]) - set(accepted):
            return f"its hook {name} takes {', '.join(sorted(extra))}, which dlbench does not pass."
    return ""


def _distribution_name(entry_point: "EntryPoint") -> str:
    return str(entry_point.dist.metadata["Name"]) if entry_point.dist else entry_point.module


def _problem(plugin: str, distribution: str, reason: str, remedy: str = "") -> PluginProblem:
    name = distribution.split()[0]
    first = remedy or f"Update it (pip install -U {name})"
    remedy = f"It is skipped; everything else works. {first} or remove it (pip uninstall {name})."
    return PluginProblem(plugin, distribution, reason, remedy)


def _minor_problem(plugin: str, distribution: str, reason: str) -> PluginProblem:
    """Return a problem of a plugin that works nevertheless."""
    remedy = f"It works nevertheless. Update it (pip install -U {distribution}), tell its author, or"
    return PluginProblem(plugin, distribution, reason, f"{remedy} remove it (pip uninstall {distribution}).")


def _as_error(problems: Iterable[PluginProblem]) -> DlbenchError:
    return DlbenchError(
        " ".join(map(str, problems)), "Unset DLBENCH_STRICT_PLUGINS to get a warning instead and continue without."
    )
