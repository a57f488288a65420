"""Classes and functions of the user's session as components.

Those of a module are found by its file; those of a notebook or a script by their own definition and what that names.
"""

import inspect
import sys
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

from dlbench.components.syntax import format_value
from dlbench.components.user_code import UserCode
from dlbench.errors import DlbenchError
from dlbench.plugins.user_definitions import definition_of
from dlbench.plugins.user_files import code_of_module, make_code

_WAY_OUT = 'Put it into a file, at its top level, and name that: "./file.py:{name}", or import it from there.'


def is_object(value: object) -> bool:
    """Return whether a value is something to build components with, rather than a name or a number."""
    return callable(value) or isinstance(value, partial)


def split_object(value: Any) -> tuple[Any, dict[str, str]]:
    """Return a class or function, and the parameters that functools.partial() fixes, as text.

    Raises DlbenchError for an object that is no class or function.
    """
    keywords: dict[str, str] = {}
    while isinstance(value, partial):
        if value.args:
            raise DlbenchError(f"{value!r} fixes arguments by position.", "Name them: functools.partial(F, alpha=0.5).")
        keywords = {key: format_value(each) for key, each in value.keywords.items()} | keywords
        value = value.func
    if not isinstance(value, type | FunctionType | BuiltinFunctionType):
        name = type(value).__name__
        raise DlbenchError(
            f"Each trial needs a new component, but this is one object of {name} for all of them.",
            f"Pass the class: {name}, or functools.partial({name}, …) with its parameters.",
        )
    return value, keywords


def code_of_object(value: Any) -> tuple[UserCode, str]:
    """Return the code of a class or function, and its name there. Raises DlbenchError for one without a source."""
    name, module = value.__qualname__, sys.modules.get(value.__module__)
    if value.__name__ == "<lambda>":
        raise DlbenchError("A lambda has no name.", "Write it as a function (def) or a class with a name.")
    if isinstance(value, BuiltinFunctionType):
        raise DlbenchError(
            f"{value.__name__} is built in and has no source to hand to workers.",
            f"Write a class or function (def) that calls it. {_WAY_OUT.format(name=value.__name__.capitalize())}",
        )
    if "." in name:
        where = "inside a function" if "<locals>" in name else "inside a class"
        raise DlbenchError(
            f"{value.__name__} is defined {where}, where no other process finds it.",
            "Define it at the top level of the notebook or file.",
        )
    file = getattr(module, "__file__", None)
    if module is None or value.__module__ == "__main__" or not file:
        text = definition_of(value, _WAY_OUT.format(name=name))
        return make_code(name, {f"{name}.py": text}, _folder(value)), name
    if getattr(module, name, None) is not value or not str(file).endswith(".py"):
        raise DlbenchError(f"{value.__module__}.{name} has no source to hand to workers.", _WAY_OUT.format(name=name))
    return code_of_module(value.__module__, Path(file).absolute()), name


def _folder(value: Any) -> Path:
    """Return where a session's imports are looked for: beside its script, else the current folder."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return Path(file).absolute().parent if file and inspect.getmodule(value) else Path.cwd()
