"""What every component promises: a valid record, an importable factory, and the factory's defaults."""

import inspect
from collections.abc import Iterator

from dlbench.components.records import Component, Diagnostic, Parameter
from dlbench.components.syntax import check_value, format_value, parse_value
from dlbench.errors import DlbenchError
from dlbench.plans.search_space import declared_dimension
from dlbench.testing.promises import Subject, promise


@promise("has a valid record")
def valid_record(subject: Subject[Component]) -> Iterator[str]:
    """Check what the record itself does not check."""
    record = subject.record
    texts = {"summary": record.summary, "source": record.source}
    for name, text in texts.items():
        if not isinstance(text, str) or "\n" in text:
            yield f"{name} = {text!r} is not a text of one line"
    if not record.summary.strip():
        yield "its summary is empty: `dlbench list` has nothing to show"
    for tag in record.tags:
        if not isinstance(tag, str):
            yield f"its tag {tag!r} is not a text"
    for name, parameter in record.parameters.items():
        yield from _parameter(name, parameter)
    for name, text in record.search.items():
        try:
            declared_dimension("", name, text, record)
        except DlbenchError as error:
            yield f"its range to search, {name} = {text!r}, is refused: {error.message}"


def _parameter(name: str, parameter: Parameter) -> Iterator[str]:
    default = parameter.default
    if parameter.required:
        if default is not None:
            yield f"the parameter {name} is required and has the default {default!r}"
        return
    if default is None:
        return
    try:
        check_value(default, parameter, name)
        read = parse_value(format_value(default).replace('"', ""), parameter, name)
    except DlbenchError as error:
        yield f"the default of the parameter {name} is refused: {error.message}"
        return
    if read != default or type(read) is not type(default):
        yield f"the default of {name}, {default!r}, is read back as {read!r} once it is written out"


@promise("has a factory that can be imported", decisive=True)
def factory_resolves(subject: Subject[Component]) -> Iterator[str]:
    """Import the factory."""
    yield from () if callable(subject.factory) else ("it is not callable",)


@promise("takes its parameters by name, with the record's defaults", decisive=True)
def defaults_match(subject: Subject[Component]) -> Iterator[str]:
    """Compare the record's parameters with the factory's signature."""
    record = subject.record
    try:
        signature = inspect.signature(subject.factory)
    except ValueError:  # some callables of C show none
        return
    named = (*(record.needs if isinstance(record, Diagnostic) else ()), *record.parameters)
    try:
        signature.bind(*record.leading, **dict.fromkeys(named))
    except TypeError as error:
        wanted = ", ".join((*record.leading, *(f"{name}=…" for name in named)))
        yield f"{record.factory}{signature} called with ({wanted}): {error}"
        return
    yield from _other_defaults(record, signature)


def _other_defaults(record: Component, signature: inspect.Signature) -> Iterator[str]:
    for name, parameter in record.parameters.items():
        known = signature.parameters.get(name)
        if parameter.required or known is None or known.default is inspect.Parameter.empty:
            continue
        default = tuple(known.default) if isinstance(known.default, list) else known.default
        if default != parameter.default or isinstance(default, bool) != isinstance(parameter.default, bool):
            yield f"{name} is {parameter.default!r} in the record and {default!r} in {record.factory}"


RECORD_PROMISES = (valid_record, factory_resolves, defaults_match)
