"""The registry: every component by kind and qualified name, found by the names that people write."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from dlbench.components.choice import Selection, resolve_parameters
from dlbench.components.records import KINDS, Component, Dataset
from dlbench.components.spelling import OPTION_ALIASES, PARAMETER_ALIASES, matches, plain, resolve
from dlbench.components.syntax import Reference, describe, format_reference, format_value, parse_reference, parse_value
from dlbench.components.user_code import code_hint
from dlbench.errors import DlbenchError, shell_words, suggest
from dlbench.files import at_home
from dlbench.plugins.discovery import Plugin, PluginSet, load_plugins
from dlbench.plugins.user_components import UserComponents

SINGULAR = {kind: record.noun for kind, record in KINDS.items()}
#: What people write for a kind: "dataset", "data set", "datasets".
_KINDS_BY_WORD = {kind: kind for kind in SINGULAR} | {
    word: kind
    for kind, singular in SINGULAR.items()
    for word in (singular, singular.replace(" ", ""), kind.removesuffix("s"))
}


def kind_of(word: str) -> str:
    """Return the kind that a word means, in singular or plural. Raises DlbenchError for any other word."""
    meant = resolve(word, _KINDS_BY_WORD, OPTION_ALIASES)
    if meant is None:
        hint = suggest(word, _KINDS_BY_WORD, f"Use one of {', '.join(kind.removesuffix('s') for kind in SINGULAR)}.")
        raise DlbenchError(f"Unknown kind {word!r}.", hint)
    return _KINDS_BY_WORD[meant]


Record = TypeVar("Record", bound=Component)
Record_co = TypeVar("Record_co", bound=Component, covariant=True)


@dataclass(frozen=True)
class Entry(Generic[Record_co]):
    """A component and the plugin that declares it."""

    plugin: Plugin
    record: Record_co

    @property
    def name(self) -> str:
        """Return the qualified name, "foundations/lenet5"."""
        return f"{self.plugin.name}/{self.record.name}"


class Registry:
    """The components of a set of plugins; the hooks of a kind are called when it is first asked for.

    A kind is the class of its records (`Model`), so that the type of an entry's record is known, or its name
    ("models") where only running code knows it.
    """

    def __init__(self, plugins: PluginSet) -> None:
        self.plugins = plugins
        self._entries: dict[str, tuple[Entry[Any], ...]] = {}
        self._qualified: dict[str, dict[str, Entry[Any]]] = {}
        self._aliases: dict[str, str] = {}
        self.user = UserComponents(plugins.by_name)

    @classmethod
    def load(cls, strict: bool | None = None) -> "Registry":
        """Discover the installed plugins. strict: see load_plugins."""
        return cls(load_plugins(strict))

    @overload
    def entries(self, kind: type[Record]) -> tuple[Entry[Record], ...]: ...
    @overload
    def entries(self, kind: str) -> tuple[Entry[Component], ...]: ...
    def entries(self, kind: type[Component] | str) -> tuple[Entry[Component], ...]:
        """Return all components of a kind: built-in plugins first, names in natural order."""
        kind = _name_of(kind)
        if kind not in self._entries:
            found = list(self._collect(kind))
            found.sort(key=lambda entry: (not entry.plugin.built_in, entry.plugin.name, natural_key(entry.record.name)))
            self._entries[kind] = tuple(found)
        return self._entries[kind]

    def _collect(self, kind: str) -> Iterable[Entry[Component]]:
        hook = f"dlbench_{kind}"
        for plugin, records in self.plugins.call(hook):
            if not isinstance(records, list):
                self.plugins.disable_hook(plugin, hook, f"its hook {hook} returned no list of records.")
                continue
            names: set[str] = set()
            for record in records:
                if not isinstance(record, KINDS[kind]):
                    wanted = KINDS[kind].__name__
                    self.plugins.disable_hook(plugin, hook, f"its hook {hook} returned {record!r}, not a {wanted}.")
                elif record.name in names:
                    self.plugins.disable_hook(plugin, hook, f"it declares the {SINGULAR[kind]} {record.name} twice.")
                else:
                    names.add(record.name)
                    yield Entry(plugin, record)

    def find(self, kind: str, pattern: str = "*") -> tuple[Entry[Component], ...]:
        """Return the components of which a name, qualified, short or an alias, matches a pattern with * and ?."""
        return tuple(
            entry
            for entry in self.entries(kind)
            if any(matches(name, pattern) for name in (entry.name, *_names(entry)))
        )

    @overload
    def get(self, kind: type[Record], name: str, prefer: str = "") -> Entry[Record]: ...
    @overload
    def get(self, kind: str, name: str, prefer: str = "") -> Entry[Component]: ...
    def get(self, kind: type[Component] | str, name: str, prefer: str = "") -> Entry[Component]:
        """Return the one component of that name; a qualified name always works.

        prefer: the plugin that is searched first (that of an experiment file).
        """
        kind = _name_of(kind)
        if kind not in self._qualified:
            self._qualified[kind] = {entry.name: entry for entry in self.entries(kind)}
        return self._qualified[kind].get(name) or self._find_one(kind, name, prefer)[0]

    def _own(self, kind: str, name: str) -> Entry[Any] | None:
        """Return a component of the user's own, None where a name is none of such."""
        if ":" not in name and ".py/" not in name:
            return None
        found = self.user.find(kind, name, {each for entry in self.entries(kind) for each in _names(entry)})
        return Entry(*found) if found else None

    def _find_one(self, kind: str, name: str, prefer: str) -> tuple[Entry[Any], Mapping[str, str]]:
        """Return the one component that a name means, and the parameters that the name stands for."""
        if own := self._own(kind, name):
            return own, {}
        entries = self.entries(kind)
        if kind == Dataset.kind and _is_path(name):
            raise self._unknown(kind, name)  # "arrays.npz" is no spelling of npz
        named = _spelled(name, entries)
        matches = named or [entry for entry in entries if _alias(name, entry)]
        if len(matches) > 1:
            first = [entry for entry in matches if entry.plugin.name == prefer] or [
                entry for entry in matches if entry.plugin.built_in
            ]
            matches = first or matches
        if not matches:
            raise self._unknown(kind, name)
        if len(matches) > 1:
            names = " or ".join(entry.name for entry in matches)
            raise DlbenchError(f"Several plugins have a {SINGULAR[kind]} {name!r}.", f"Write {names}.")
        entry, implied = matches[0], {}
        if not named:
            implied = dict(parse_reference(_alias(name, matches[0])).parameters)
            self.note_alias(name, format_reference(entry.record.name, implied))
        return entry, implied

    def _unknown(self, kind: str, name: str) -> DlbenchError:
        known = {each for entry in self.entries(kind) for each in (entry.name, *_names(entry))}
        yours = code_hint(name) or (_own_data(name) if kind == Dataset.kind else "")
        return DlbenchError(
            f"There is no {SINGULAR[kind]} {name!r}.",
            yours or suggest(name, sorted(known, key=natural_key), f"Type `dlbench list {kind}` to see all."),
        )

    def canonical(self, kind: str, text: str, prefer: str = "") -> str:
        """Return a component as text with canonical names; unchanged where they are, and where nobody knows it."""
        reference = parse_reference(text)
        try:
            entry, implied = self._find_one(kind, reference.name, prefer)
            parameters = {**implied, **_canonical_keys(entry, reference.parameters)}
        except DlbenchError:
            return text
        if reference.name in (entry.name, entry.record.name) and parameters == reference.parameters:
            return text
        short = not entry.plugin.is_user_code and self.get(kind, entry.record.name, prefer) == entry
        return format_reference(entry.record.name if short else entry.name, parameters)

    def note_alias(self, written: str, meant: str) -> None:
        """Remember that a user wrote an alias."""
        self._aliases[written] = meant

    def take_aliases(self) -> dict[str, str]:
        """Return the aliases that were looked up since the last call, each with what it means."""
        taken, self._aliases = self._aliases, {}
        return taken

    def select(self, kind: str, reference: Reference, prefer: str = "") -> Selection:
        """Resolve a component as the user wrote it: its qualified name and every parameter."""
        entry, implied = self._find_one(kind, reference.name, prefer)
        return select(entry, {**implied, **_canonical_keys(entry, reference.parameters)})


def _own_data(name: str) -> str:
    """Return what to type for a path that is given as a data set; "" for a name that is none."""
    path = at_home(name)
    if not _is_path(name) and not path.exists():
        return ""
    if not path.exists():
        return f"There is no such path either: {path.absolute()}"
    reader = "npz" if path.is_file() else "image-folder"
    typed = f"{reader}:path={format_value(name)}"
    return f"For your own data, type --dataset {shell_words(typed)}"


def _is_path(name: str) -> bool:
    return name.startswith((".", "~", "/")) or "\\" in name or name.lower().endswith((".npz", ".npy"))


def _names(entry: Entry[Any]) -> Iterable[str]:
    """Return a component's short name and its aliases."""
    return (entry.record.name, *(parse_reference(alias).name for alias in entry.record.aliases))


def _spelled(name: str, entries: Iterable[Entry[Any]]) -> list[Entry[Any]]:
    """Return the components of a name as it is written or, where there is none, however it is spelled."""
    exact = [entry for entry in entries if name in (entry.name, entry.record.name)]
    wanted = plain(name)
    return exact or [entry for entry in entries if wanted in (plain(entry.name), plain(entry.record.name))]


def _alias(name: str, entry: Entry[Any]) -> str:
    """Return the alias of a component that a name is, "" if it is none."""
    wanted = plain(name)
    return next((alias for alias in entry.record.aliases if plain(parse_reference(alias).name) == wanted), "")


def _canonical_keys(entry: Entry[Component], given: Mapping[str, str]) -> dict[str, str]:
    """Return parameters under their declared names, however they are spelled; unknown ones as they are."""
    declared = entry.record.parameters
    keys = {key: resolve(key, declared, PARAMETER_ALIASES) or key for key in given}
    for key, meant in keys.items():
        if twice := [other for other in keys if other != key and keys[other] == meant]:
            raise DlbenchError(f"{entry.record.name} is given {meant} twice: as {key} and as {twice[0]}.")
    return {keys[key]: text for key, text in given.items()}


def _name_of(kind: type[Component] | str) -> str:
    return kind if isinstance(kind, str) else kind.kind


def select(entry: Entry[Component], raw: Mapping[str, str]) -> Selection:
    """Resolve the parameters of a component from text."""
    declared = entry.record.parameters
    if unknown := sorted(raw.keys() - declared.keys()):
        accepted = "; ".join(f"{key} ({describe(parameter)})" for key, parameter in declared.items())
        raise DlbenchError(
            f"The {SINGULAR[entry.record.kind]} {entry.record.name} has no parameter {unknown[0]!r}.",
            suggest(unknown[0], declared, f"It takes {accepted or 'none'}."),
        )
    label = entry.record.name
    given = {key: parse_value(text, declared[key], f"{label}:{key}") for key, text in raw.items()}
    for key, parameter in declared.items():
        if parameter.required and key not in given:
            raise DlbenchError(
                f"The {SINGULAR[entry.record.kind]} {label} needs its parameter {key}.", f"Write {label}:{key}=…"
            )
    resolved = resolve_parameters(declared, given)
    changed = tuple(key for key in resolved if resolved[key] != declared[key].default)
    return Selection(entry.name, resolved, changed)


def natural_key(text: str) -> list[Any]:
    """Return a sort key by which resnet9 comes before resnet18."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", text)]
