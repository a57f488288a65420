"""From what a user asks for to what is measured: "saturation,sharpness:radius=0.1,first,every:5"."""

from collections.abc import Iterable
from dataclasses import replace

from dlbench.components.metrics import Value
from dlbench.components.records import Diagnostic
from dlbench.components.syntax import parse_reference, split_list
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.registry import Registry
from dlbench.trials.diagnostics import DEFAULT_AT, EVERY, FIRST, LAST, NO_DIAGNOSTICS, DiagnosticsPlan, read_time

ALL = "all"


def read_diagnostics(texts: Iterable[str], registry: Registry, prefer: str = "") -> DiagnosticsPlan:
    """Read lists of diagnostics and times. Default times: the first and the last epoch; default diagnostics: all.

    Raises DlbenchError for a name that nobody has and a parameter that is not taken. prefer: the plugin that is looked
    into first.
    """
    items = [item.strip() for text in texts for item in split_list(text) if item.strip()]
    if not items:
        return NO_DIAGNOSTICS
    times = [(item, read_time(item)) for item in items]
    names = [item for item, time in times if not time]
    if not names or ALL in names:
        others = [item for item in names if item != ALL]
        named = {parse_reference(item).name.rpartition("/")[2] for item in others}
        names = [*others, *(e.name for e in registry.entries("diagnostics") if e.record.name not in named)]
    diagnostics = NO_DIAGNOSTICS
    for name in names:
        diagnostics = diagnostics.joined(_one(name, registry, prefer))
    at = tuple(dict.fromkeys(time for _, time in times if time)) or DEFAULT_AT
    return replace(diagnostics, at=at)


def _one(text: str, registry: Registry, prefer: str) -> DiagnosticsPlan:
    reference = parse_reference(text)
    try:
        selection = registry.select("diagnostics", reference, prefer)
    except DlbenchError as error:
        times = "Beside diagnostics it takes first, last, every:N, numbers of epochs, and all."
        hint = suggest(text, (FIRST, LAST, f"{EVERY}5", ALL), times)
        raise DlbenchError(error.message, f"{error.hint} {hint}") from None
    record = registry.get(Diagnostic, selection.name).record
    return DiagnosticsPlan(diagnostics=(selection.text,), values=record.value_names, declared=record.declared)


def declared_values(registry: Registry) -> tuple[Value, ...]:
    """Return what all diagnostics declare of their values."""
    return tuple(value for entry in registry.entries(Diagnostic) for value in entry.record.declared)


def source_of(metric: str, registry: Registry) -> str:
    """Return the short name of the diagnostic that gives a metric, "" where none does."""
    name = metric.partition("@")[0]
    found = (entry.record for entry in registry.entries(Diagnostic))
    return next((record.name for record in found if name in record.value_names), "")
