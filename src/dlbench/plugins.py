"""Discovery: find the plugins, load each by itself, name what is broken and go on."""

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pluggy import HookImpl, PluginManager

from dlbench import hookspecs
from dlbench.errors import DlbenchError, suggest
from dlbench.hookspecs import PROJECT

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

Answer = TypeVar("Answer")

#: Plugins that come with the core, by the modules that a stranger's entry point would name.
BUILT_IN = {"standard": "dlbench.standard.plugin", "torchvision": "dlbench.torchvision.plugin"}
#: Libraries that no command waits for before the work that needs them.
HEAVY = ("torch", "torchvision", "numpy", "pandas", "scipy", "sklearn", "matplotlib")
_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_PLAIN_VERSION = re.compile(r"\d+(\.\d+)*\Z")
_RANGE = re.compile(r"dlbench *((>=|<) *\d+(\.\d+)*( *, *(>=|<) *\d+(\.\d+)*)*)\Z")


@dataclass(frozen=True)
class Plugin:
    """One loaded plugin and the distribution that it came in."""

    name: str
    module: ModuleType = field(repr=False)
    distribution: str
    version: str

    @property
    def built_in(self) -> bool:
        """Tell whether it comes with the core."""
        return self.name in BUILT_IN


@dataclass(frozen=True)
class PluginProblem:
    """Why a plugin, or a part of it, was left out, and what its user can do."""

    plugin: str
    distribution: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"The plugin {self.plugin} ({self.distribution}): {self.reason} {self.remedy}"


class Refusal(NamedTuple):
    """Why a plugin is not loaded. remedy: what its user can do beside removing it, where updating it is not enough."""

    reason: str
    remedy: str = ""


@dataclass
class PluginSet:
    """The loaded plugins and the hook calls over them; a hook that raises is left out and named once."""

    plugins: tuple[Plugin, ...]
    problems: list[PluginProblem]
    manager: PluginManager = field(repr=False)
    _left_out: set[tuple[str, str]] = field(default_factory=set, repr=False)

    @cached_property
    def by_name(self) -> dict[str, Plugin]:
        """Return the loaded plugins by name."""
        return {plugin.name: plugin for plugin in self.plugins}

    def call(self, hook: str, **arguments: Any) -> Iterator[tuple[Plugin, Any]]:
        """Call one hook of every plugin, in the order of discovery, and yield each answer."""
        implementations: dict[str, HookImpl] = {
            impl.plugin_name: impl for impl in getattr(self.manager.hook, hook).get_hookimpls()
        }
        for plugin in self.plugins:
            if plugin.name not in implementations or (plugin.name, hook) in self._left_out:
                continue
            answer, fault = _guarded(_answer, implementations[plugin.name], arguments)
            if fault:
                self.leave_out(plugin, hook, f"its hook {hook} raised {fault}.")
            else:
                yield plugin, answer

    def leave_out(self, plugin: Plugin, hook: str, reason: str) -> None:
        """Name a hook's fault once and never call that hook of the plugin again."""
        if (plugin.name, hook) not in self._left_out:
            self._left_out.add((plugin.name, hook))
            self.problems.append(_problem(plugin.name, f"{plugin.distribution} {plugin.version}", reason))


def _answer(implementation: HookImpl, arguments: Mapping[str, Any]) -> Any:
    """Call a hook. What can be iterated comes as a list, as a generator's body is the plugin's code too."""
    answer = implementation.function(*(arguments[name] for name in implementation.argnames))
    return list(answer) if isinstance(answer, Iterable) and not isinstance(answer, str) else answer


def _guarded(code: Callable[..., Answer], *arguments: Any) -> tuple[Answer | None, str]:
    """Run a plugin's code: what it prints goes to standard error, what it raises comes back in words."""
    try:
        # A plugin that prints must not spoil a document on standard output.
        with contextlib.redirect_stdout(sys.stderr):
            return code(*arguments), ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit()
        return None, in_words(error)


def load_plugins() -> PluginSet:
    """Load the built-in plugins, then every entry point of the group "dlbench" that DLBENCH_PLUGINS allows."""
    manager = PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    core = metadata.version("dlbench")
    plugins = [Plugin(name, importlib.import_module(module), "dlbench", core) for name, module in BUILT_IN.items()]
    for plugin in plugins:
        manager.register(plugin.module, plugin.name)
    problems: list[PluginProblem] = []
    for entry_point in _entry_points():
        distribution = _distribution_name(entry_point)
        loaded, fault = _guarded(_load, entry_point, manager, core)
        if isinstance(loaded, ModuleType):
            version = entry_point.dist.version if entry_point.dist else ""
            plugins.append(Plugin(entry_point.name, loaded, distribution, version))
        else:
            refusal = loaded or Refusal(f"loading {entry_point.value} raised {fault}.")
            problems.append(_problem(entry_point.name, distribution, *refusal))
    return PluginSet(tuple(plugins), problems, manager)


def _load(entry_point: "EntryPoint", manager: PluginManager, core: str) -> ModuleType | Refusal:
    """Import and register a plugin, unless what is known of it before and after speaks against it."""
    if refusal := _refusal(entry_point, manager, core):
        return refusal
    module = importlib.import_module(entry_point.module)
    if reason := _misspelt_hooks(manager, module):
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
            f"{suggest(name, [point.name for point in found])} Type `dlbench plugins list` without it.".strip(),
        )
    return [point for point in found if point.name in names]


def _refusal(entry_point: "EntryPoint", manager: PluginManager, core: str) -> Refusal | None:
    if not _NAME.match(entry_point.name):
        return Refusal("its name is not made of small letters, digits and hyphens, a letter first.")
    if manager.has_plugin(entry_point.name):
        return Refusal(f"another plugin is named {entry_point.name} already.")
    if entry_point.dist and (wanted := _unmet_requirement(entry_point.dist, core)):
        return Refusal(
            f"it needs {wanted}, and this is dlbench {core}.", f"Install what it needs (pip install '{wanted}')"
        )
    return None


def _unmet_requirement(distribution: "Distribution", core: str) -> str:
    """Return the requirement on dlbench that this version does not meet, or ""."""
    for line in distribution.requires or ():
        if _in_range(line, core):
            continue
        if line.lower().startswith(PROJECT) and any(sign in line for sign in "<>=!~"):
            from packaging.requirements import Requirement  # takes long; most plugins need but a range

            wanted = Requirement(line)
            applies = wanted.name.lower() == PROJECT and (not wanted.marker or wanted.marker.evaluate({"extra": ""}))
            if applies and not wanted.specifier.contains(core, prereleases=True):
                return f"{PROJECT}{wanted.specifier}"
    return ""


def _in_range(line: str, core: str) -> bool:
    """Tell whether a requirement reads "dlbench>=0.1,<0.3", of plain numbers, and is met."""
    if not (found := _RANGE.match(line)) or not _PLAIN_VERSION.match(core):
        return False
    bounds = [bound.strip() for bound in found[1].split(",")]
    version = _numbers(core)
    return all(
        version >= _numbers(bound[2:]) if bound.startswith(">=") else version < _numbers(bound[1:]) for bound in bounds
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers; trailing zeros mean nothing."""
    return tuple(map(int, re.sub(r"(\.0+)+\Z", "", version.strip()).split(".")))


def _misspelt_hooks(manager: PluginManager, module: ModuleType) -> str:
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
    remedy = f"It is left out; everything else works. {first} or remove it (pip uninstall {name})."
    return PluginProblem(plugin, distribution, reason, remedy)


def in_words(error: BaseException) -> str:
    """Return an exception's type and the first line of what it says."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
