"""The global state that a component may change and later trials would meet: compared, named, restored."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from torch.utils.hooks import RemovableHandle

from dlbench.engine.switches import Switch, switches

#: Modules whose functions and classes anyone could replace, with the modules below them, and alone.
_WITH_THOSE_BELOW = ("torch.nn", "torch.optim", "torch.autograd", "numpy.random", "dlbench.engine", "dlbench.standard")
_ALONE: tuple[str, ...] = (
    "torch",
    "torch._C",
    "torch._C._nn",
    "torch.linalg",
    "torch.special",
    "torch.fft",
    "torch.random",
)
_ALONE += ("torch.functional", "torch._tensor", "numpy", "numpy.linalg", "math", "random", "builtins", "time", "copy")
_ALONE += ("json", "json.encoder", "json.decoder")
_OWNERS = ("torch", "numpy.random", "dlbench")
#: What Python itself keeps in a class, and what follows torch's default dtype.
_NOT_COMPARED = {
    "Storage",
    "__slotnames__",
    "__abstractmethods__",
    "_abc_impl",
    "__doc__",
    "__annotations__",
    "__annotate__",
    "__dict__",
}


@dataclass(eq=False)
class _Namespace:
    """A module or a class, and what its names meant.

    before: by name. values: the same, in the order of a comparison that takes nanoseconds a name.
    """

    owner: Any
    before: dict[str, Any]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, owner: Any) -> "_Namespace":
        return cls(owner, dict(vars(owner)), tuple(vars(owner).values()))

    def restore(self) -> list[str]:
        """Return the names that mean something else now, or that a class has in addition, and restore them."""
        try:
            if tuple(vars(self.owner).values()) == self.values:
                return []
        except Exception:  # whatever the comparison of a stranger's object does
            pass
        now, is_class = dict(vars(self.owner)), isinstance(self.owner, type)
        self.before |= {name: value for name, value in now.items() if _by_torch(name, value)}
        changed = [name for name, value in self.before.items() if now.get(name, self) is not value]
        added = [name for name in now if is_class and name not in self.before]
        for name in (changed := _of_interest(changed)):
            setattr(self.owner, name, self.before[name])
        for name in (added := _of_interest(added)):
            delattr(self.owner, name)
        self.values = tuple(vars(self.owner).values())  # with what a module has in addition, as another module
        title = f"{self.owner.__module__}.{self.owner.__qualname__}" if is_class else self.owner.__name__
        return [f"{title}.{name}" for name in changed + added]


def _by_torch(name: str, value: Any) -> bool:
    """Return whether torch itself has set this: a first optimizer and a first compilation wrap functions of torch."""
    if name.startswith("___"):  # how its compiler notes what it has wrapped
        return True
    if not isinstance(value, FunctionType):
        return False
    if getattr(value, "hooked", False):  # the step of a class of optimizers
        return str(getattr(getattr(value, "__wrapped__", None), "__module__", "")).startswith("torch.optim.")
    return value.__code__.co_filename.startswith(_compiler())


@lru_cache(maxsize=1)
def _compiler() -> str:
    """Return the folder of the code of torch's compiler."""
    return str(Path(str(import_module("torch._dynamo").__file__)).parent)


def _of_interest(names: list[str]) -> list[str]:
    return [name for name in names if name not in _NOT_COMPARED]


@lru_cache(maxsize=1)
def _namespaces() -> tuple[_Namespace, ...]:
    """Return the watched modules and their classes as they are at the first call, before any component runs."""
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name in _ALONE or any(name == root or name.startswith(f"{root}.") for root in _WITH_THOSE_BELOW)
    ]
    found: dict[int, Any] = {id(module): module for module in modules}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and str(value.__module__).startswith(_OWNERS):
                found[id(value)] = value
    found.pop(id(RemovableHandle), None)  # it counts its instances
    return tuple(map(_Namespace.of, found.values()))


@dataclass(frozen=True)
class _Bodies:
    """The functions of the watched names, and what each does: its code and its defaults."""

    functions: tuple[FunctionType, ...]
    before: tuple[tuple[Any, ...], ...]

    def restore(self) -> list[str]:
        """Return the names of the functions that do something else now, and restore them."""
        changed = [pair for pair in zip(self.functions, self.before, strict=True) if _body(pair[0]) != pair[1]]
        for function, (code, defaults, by_name) in changed:
            function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, by_name
        return [f"{function.__module__}.{function.__qualname__}" for function, _ in changed]


def _body(function: FunctionType) -> tuple[Any, ...]:
    return function.__code__, function.__defaults__, function.__kwdefaults__


@lru_cache(maxsize=1)
def _bodies() -> _Bodies:
    values = (value for namespace in _namespaces() for value in namespace.before.values())
    plain = (
        getattr(value, "__func__", value) if isinstance(value, classmethod | staticmethod) else value
        for value in values
    )
    functions = tuple({id(value): value for value in plain if isinstance(value, FunctionType)}.values())
    return _Bodies(functions, tuple(map(_body, functions)))


@lru_cache(maxsize=1)
def _switches() -> tuple[Switch, ...]:
    return switches()


def remember() -> None:
    """Remember what the watched names mean; call it where nothing of a component has run yet."""
    import_module("torch._dynamo")  # as torch's optimizers do when they are built: it replaces functions
    _bodies()
    _switches()


@dataclass(eq=False)
class Watch:
    """What code has changed of the global state.

    changed: names for people, each once.
    """

    changed: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Note what changes meanwhile, and restore it."""
        remember()
        before = [(switch, switch.read()) for switch in _switches()]
        try:
            yield
        finally:
            found = [name for namespace in _namespaces() for name in namespace.restore()] + _bodies().restore()
            found += [switch.name for switch, value in before if _restored(switch, value) and switch.said]
            self.changed += [name for name in dict.fromkeys(found) if name not in self.changed]


def _restored(switch: Switch, before: Any) -> bool:
    """Return whether a switch has changed, and set it again."""
    if switch.read() == before:
        return False
    with contextlib.suppress(Exception):  # in a thread, say, where no handler of a signal can be set
        switch.set(before)
    return True
