"""Promises, and the findings of checking them."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from dlbench.components.records import ParameterValue
from dlbench.errors import describe_error
from dlbench.plugins.registry import SINGULAR, Entry, Record_co, Registry

Given = TypeVar("Given")


class Unproven(Exception):  # noqa: N818  # no error: the promise is neither kept nor broken
    """A promise cannot be checked here. The message says why; without one, the promise does not apply."""


@dataclass(frozen=True)
class Promise:
    """What a plugin promises.

    text: the promise, continuing a sentence that begins with "it".
    check: yields evidence for each way in which the promise is broken.
    decisive: whether nothing else can be checked once it is broken.
    """

    text: str
    check: Callable[[Any], Iterator[str]]
    decisive: bool = False


@dataclass(frozen=True)
class Breach:
    """A broken promise, and the input that shows it."""

    promise: str
    evidence: str

    def __str__(self) -> str:
        return f"breaks the promise that it {self.promise}: {self.evidence}"


@dataclass(frozen=True)
class Finding:
    """What was found about one subject: the promises that it keeps, those that it breaks, and those not checked."""

    subject: str
    kept: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    unproven: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Return whether no promise is broken."""
        return not self.breaches

    def __str__(self) -> str:
        return "\n".join(f"{self.subject} {breach}" for breach in self.breaches)


@dataclass(frozen=True, eq=False)
class Subject(Generic[Record_co]):
    """A component, the parameters that it is checked with, and the data folder."""

    entry: Entry[Record_co]
    registry: Registry = field(repr=False)
    parameters: Mapping[str, ParameterValue]
    data_dir: Path

    @property
    def record(self) -> Record_co:
        """Return the component's record."""
        return self.entry.record

    @cached_property
    def factory(self) -> Callable[..., Any]:
        """Return the component's factory."""
        from dlbench.plugins.importing import resolve_factory

        return resolve_factory(self.record)

    @property
    def title(self) -> str:
        """Return the kind and the name of what is checked: "activation snake/snake"."""
        return f"{SINGULAR[self.record.kind]} {self.entry.name}"


def promise(text: str, *, decisive: bool = False) -> Callable[[Callable[[Given], Iterator[str]]], Promise]:
    """Make a promise of a check; the text continues a sentence that begins with "it"."""
    return lambda check: Promise(text, check, decisive)


def examine(title: str, given: Any, promises: Sequence[Promise]) -> Finding:
    """Check promises on a subject. The first evidence of each counts; an exception is evidence too."""
    kept: list[str] = []
    breaches: list[Breach] = []
    unproven: list[str] = []
    for each in promises:
        try:
            evidence = _evidence(each, given)
        except Unproven as reason:
            if str(reason):
                unproven.append(f"{'this and what follows' if each.decisive else each.text}: {reason}")
            if each.decisive:
                break
            continue
        if evidence is None:
            kept.append(each.text)
            continue
        breaches.append(Breach(each.text, evidence))
        if each.decisive:
            break
    return Finding(title, tuple(kept), tuple(breaches), tuple(unproven))


def _evidence(each: Promise, given: Any) -> str | None:
    """Return what shows that a promise is broken, or None; prints and warnings of the plugin are suppressed."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return next(iter(each.check(given)), None)
        except (KeyboardInterrupt, Unproven):
            raise
        except BaseException as error:  # a component may even call sys.exit()
            return f"it raised {describe_error(error)}"
