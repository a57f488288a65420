"""The definition of a class or function of a notebook or script, with the definitions and imports that it names.

The whole cell or script would do more: it may well hold the comparison itself.
"""

import ast
import builtins
import dis
import linecache
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dlbench.errors import DlbenchError

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_CLASSDEREF")


def definition_of(value: Any, way_out: str) -> str:
    """Return the text of a module that defines a class or function of `__main__`.

    way_out: what its author can do where it has no source, or names what no text defines.
    """
    collected = _Collected(way_out)
    collected.add(value)
    return collected.text()


class _Collected:
    """Imports, constants and definitions, each after what it names."""

    def __init__(self, way_out: str) -> None:
        self._way_out = way_out
        self._lines: dict[str, str] = {}
        self._begun: set[str] = set()
        self._wanted = ""

    def text(self) -> str:
        """Return the module's text."""
        lines = self._lines.values()
        imports = [line for line in lines if line.startswith(("import ", "from "))]
        return "\n".join([*imports, "", *(line for line in lines if line not in imports), ""])

    def add(self, value: Any) -> None:
        """Add the definition of a class or function, after what it names."""
        name = value.__name__
        self._wanted = self._wanted or name
        self._begun.add(name)
        text, names = _source(value), _globals_of(value)
        if text is None:
            raise DlbenchError(f"{name} has no source that could be handed to workers.", self._way_out)
        for each in _named(text):
            if each in names and each not in self._begun:
                self._add_named(each, names[each])
        self._lines[name] = f"\n{text}"

    def _add_named(self, name: str, value: Any) -> None:
        self._begun.add(name)
        module = getattr(value, "__module__", None)
        if isinstance(value, ModuleType):
            self._lines[name] = f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")
            return
        if isinstance(value, type | FunctionType) and module == "__main__" and value.__name__ == name:
            self._begun.discard(name)
            self.add(value)
            return
        home = sys.modules.get(module) if isinstance(module, str) and module != "__main__" else None
        original = getattr(value, "__name__", name)
        for found in (original, name):
            if home is not None and getattr(home, found, None) is value:
                self._lines[name] = f"from {module} import {found}" + (f" as {name}" if name != found else "")
                return
        self._lines[name] = f"{name} = {self._literal(name, value)}"

    def _literal(self, name: str, value: Any) -> str:
        text = repr(value)
        try:
            if len(text) < 10_000 and type(ast.literal_eval(text)) is type(value) and ast.literal_eval(text) == value:
                return text
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        raise DlbenchError(
            f"{self._wanted} uses {name} of this session ({type(value).__name__}), which workers do not have.",
            f"Make it a parameter, or define it inside {self._wanted}. {self._way_out}",
        )


def _source(value: Any) -> str | None:
    """Return the text of a top-level definition, its decorators included; None where there is none."""
    for file, line in _places(value):
        lines = linecache.getlines(file)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:  # a cell with a line of the notebook's own
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == value.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                if first <= line <= (node.end_lineno or line):
                    return "".join(lines[first - 1 : node.end_lineno]).rstrip() + "\n"
    return None


def _places(value: Any) -> Iterator[tuple[str, int]]:
    """Yield the file and line of a function, or of each method of a class."""
    members = [value] if isinstance(value, FunctionType) else list(vars(value).values())
    for member in members:
        function = getattr(member, "__func__", getattr(member, "fget", member))
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and getattr(function, "__module__", "") == value.__module__:
            yield code.co_filename, code.co_firstlineno


def _globals_of(value: Any) -> dict[str, Any]:
    if isinstance(value, FunctionType):
        return value.__globals__
    return vars(sys.modules[value.__module__]) if value.__module__ in sys.modules else {}


def _named(text: str) -> list[str]:
    """Return the global names that a definition uses, in their order."""
    names: dict[str, None] = {}
    waiting = [compile(text, "<definition>", "exec", dont_inherit=True)]
    for code in waiting:
        names |= {str(each.argval): None for each in dis.get_instructions(code) if each.opname in _LOADS}
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
    return [name for name in names if not hasattr(builtins, name)]
