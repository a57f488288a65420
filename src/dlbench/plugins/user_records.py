"""The record of a component of the user's own, read from its source: name, summary and parameters. Nothing runs."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dlbench.components.records import KINDS, Component, Parameter, ValueType
from dlbench.components.user_code import UserCode
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.package_files import module_file

_TYPES: dict[str, ValueType] = {"bool": bool, "int": int, "float": float, "str": str}
_Definition = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class _Signature:
    """What a factory takes by position or keyword, the first ones without their defaults."""

    names: tuple[str, ...]
    keywords: frozenset[str]
    parameters: dict[str, Parameter]
    more: bool


def read_record(kind: str, name: str, code: UserCode, module: str) -> Component:
    """Return the record of a class or function as a component of a kind.

    module: by which workers import it. Raises DlbenchError for what is not there or cannot be called as the kind is.
    """
    record = KINDS[kind]
    where = code.origin or code.name
    definitions, bound = _top_level(_text(code), where)
    if name not in bound and "*" not in bound:
        hint = suggest(name, [*definitions], f"It has {', '.join(definitions) or 'no class and no function'}.")
        raise DlbenchError(f"{where} has no {name!r} at its top level.", hint)
    signature = _signature(definitions[name], definitions) if name in definitions else None
    if signature:
        _check_leading(record, name, signature, where)
    parameters = signature.parameters if signature else {}
    leading = signature.names[: len(record.leading)] if signature else ()
    given = {key: value for key, value in parameters.items() if key not in leading}
    made = record(
        name=name.strip("_").lower().replace("_", "-") or "own",
        factory=f"{module}:{name}",
        summary=_summary(definitions.get(name)),
        parameters=given,
    )
    object.__setattr__(made, "name", name)  # as its author wrote it, which no plugin's may be
    return made


def _check_leading(record: type[Component], name: str, signature: _Signature, where: str) -> None:
    """Raise DlbenchError for a factory that cannot be called as its kind is."""
    wanted = record.leading
    if len(signature.names) >= len(wanted) or signature.more:
        return
    takes = ", ".join((*signature.names, *sorted(signature.keywords))) or "nothing"
    raise DlbenchError(
        f"{name} in {where} takes {takes}; a {record.noun} is made of {', '.join(wanted)}.",
        f"Write it as def {name}({', '.join(wanted)}, …), with its own parameters after these.",
    )


def _text(code: UserCode) -> str:
    if code.files:
        return code.files[code.path]
    found = module_file(code.module)
    if found is None:
        raise DlbenchError(f"There is no module {code.module} here.", "Install its package.")
    return found.read_text(encoding="utf-8", errors="replace")


@lru_cache(maxsize=16)
def _top_level(text: str, where: str) -> tuple[dict[str, _Definition], frozenset[str]]:
    """Return the classes and functions of a module, and all names that it binds; "*" for a star import."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in the user's strings
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise DlbenchError(f"{where}{line} is no valid Python: {error.args[0]}.", "Correct it.") from None
    definitions: dict[str, _Definition] = {}
    bound: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            definitions[node.name] = node
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:
            names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
            bound |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return definitions, frozenset(bound)


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a module's top level, those below `if` and `try` among them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If | ast.Try | ast.ExceptHandler | ast.With):
            yield from _statements(child)
        elif isinstance(child, ast.stmt):
            yield child


def _signature(node: _Definition, definitions: dict[str, _Definition], depth: int = 0) -> _Signature | None:
    """Return what a factory takes; None where its text does not tell."""
    if isinstance(node, ast.FunctionDef):
        return _arguments(node, skip=0)
    own = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    if own:
        return _arguments(own, skip=1)
    bases = [definitions.get(base.id) for base in node.bases if isinstance(base, ast.Name)]
    known = next((base for base in bases if base is not None and base is not node), None)
    return _signature(known, definitions, depth + 1) if known is not None and depth < len(definitions) else None


def _arguments(function: ast.FunctionDef, skip: int) -> _Signature:
    given = function.args
    positional = [*given.posonlyargs, *given.args][skip:]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    pairs = [*zip(positional, defaults[-len(positional) :] if positional else (), strict=True)]
    pairs += [*zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    parameters = {argument.arg: found for argument, default in pairs if (found := _parameter(argument, default))}
    return _Signature(
        tuple(argument.arg for argument in positional),
        frozenset(argument.arg for argument in given.kwonlyargs),
        parameters,
        more=given.vararg is not None,
    )


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter | None:
    """Return a parameter that can be written as text; None for one that has another default."""
    nodes = ast.walk(argument.annotation) if argument.annotation else ()
    declared = next((_TYPES[n.id] for n in nodes if isinstance(n, ast.Name) and n.id in _TYPES), None)
    if default is None:
        return Parameter(type=declared, required=True)
    try:
        value: Any = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not _is_writable(value):
        return None
    kind: ValueType | None = float if declared is float and type(value) is int else None
    return Parameter(value, type=kind or (declared if value is None else None))


def _is_writable(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(type(number) in (int, float) for number in value)
    known: tuple[type, ...] = (bool, int, float, str, type(None))
    return type(value) in known


def _summary(node: _Definition | None) -> str:
    text = ast.get_docstring(node) if node else None
    return (text or "").partition("\n")[0]
