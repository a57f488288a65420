"""Experiment files: a comparison with the figures and the claims that a report published about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError, suggest
from dlbench.experiments.combinations import read_assignments, read_axes, read_variants
from dlbench.experiments.keys import CLAIM, CRITERIA, REPORTED, SCHEMA, TOP, Key
from dlbench.experiments.relations import Relation, parse_relation
from dlbench.experiments.spread_table import read_spread
from dlbench.experiments.toml import Place, TomlFile
from dlbench.experiments.tune_table import read_tune
from dlbench.plans.criteria import At
from dlbench.plans.hold import read_held
from dlbench.plans.spread import Spread
from dlbench.plans.tuning import Tune
from dlbench.statistics.seeds import Seeds, named_seeds


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A figure of the report.

    variant: the name of a variant.
    metric: name of the metric.
    value: the reported value, in the files' unit; accuracies as fractions.
    place: where the report gives it.
    at: the epoch of metrics that each epoch has.
    over: the epochs that a derived metric uses.
    target: the target of metrics that count up to one.
    line: line in the experiment file.
    """

    variant: str
    metric: str
    value: float
    place: str = ""
    at: At = "selected"
    over: str = "all"
    target: float | None = None
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the report as a relation over a metric.

    text: the sentence.
    relation: what it claims; relation_text: as the file has it.
    metric: name of the metric.
    at: the epoch of metrics that each epoch has.
    over: the epochs that a derived metric uses.
    target: the target of metrics that count up to one.
    margin: negligible difference, None for the metric's own.
    alpha: error rate of the claim.
    line: line in the experiment file.
    """

    text: str
    relation: Relation
    relation_text: str
    metric: str
    at: At = "selected"
    over: str = "all"
    target: float | None = None
    margin: float | None = None
    alpha: float = 0.05
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What an experiment file says. Values are texts in the component syntax, as the command line takes them.

    title: what it is about, in one line.
    report: name of the report that it reproduces, or "".
    description: a paragraph, or "".
    seeds: how many, which, or None for as many as needed.
    criteria: how differences are judged, by name; the margin in the metric's unit.
    noise_floor: whether the baseline runs on other seeds too.
    own_validation: whether a data set's own validation split is used where it has one.
    hold: sources of randomness that all seeds share.
    settings: what all variants share, by name.
    axes: the values to combine, by name.
    variants: the assignments of each, its name as "label".
    reported: the report's figures.
    claims: the report's claims.
    diagnostics: lists of diagnostics, and when they measure.
    tune: what is tuned for each variant first, None for nothing.
    spread: from which sources it is shown that the spread comes, None for nothing.
    plugin: the one that brings the file, "" for a user's own file.
    file: the content with its line numbers.
    """

    title: str
    report: str = ""
    description: str = ""
    seeds: Seeds = None
    criteria: Mapping[str, Any] = field(default_factory=dict)
    noise_floor: bool = False
    own_validation: bool = False
    hold: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variants: tuple[Mapping[str, str], ...] = ()
    reported: tuple[Reported, ...] = ()
    claims: tuple[Claim, ...] = ()
    diagnostics: tuple[str, ...] = ()
    tune: Tune | None = None
    spread: Spread | None = None
    plugin: str = ""
    file: TomlFile

    @property
    def path(self) -> Path:
        """Return the file's path."""
        return self.file.path

    @property
    def name(self) -> str:
        """Return the qualified name, "foundations/schedules"; for a user's own file, its stem."""
        return f"{self.plugin}/{self.path.stem}" if self.plugin else self.path.stem


def load_experiment(path: Path, plugin: str = "", *, kept: bool = False) -> Experiment:
    """Read an experiment file. Raises DlbenchError with the file, the line and what is accepted there.

    kept: whether it is the copy in a run folder, beside which no code of the user's is looked for.
    """
    file = TomlFile.read(path, kept=kept)
    _check_schema(file)
    _check_table(file, Place(), file.content, TOP)
    content = file.content
    settings = read_assignments(file, "settings", 0, content.get("settings", {}))
    axes = read_axes(file, content.get("axes", {}), settings)
    watched = content.get("diagnostics", ())
    _check_table(file, Place("criteria"), content.get("criteria", {}), CRITERIA)
    return Experiment(
        title=content["title"],
        report=content.get("report", ""),
        description=content.get("description", "").strip(),
        seeds=_seeds(content.get("seeds")),
        criteria=content.get("criteria", {}),
        noise_floor=content.get("noise_floor", False),
        own_validation=content.get("own_validation", False),
        hold=_held(file),
        settings=settings,
        axes=axes,
        variants=read_variants(file, axes),
        reported=_reported(file),
        claims=_claims(file),
        diagnostics=(watched,) if isinstance(watched, str) else tuple(watched),
        tune=read_tune(file),
        spread=read_spread(file),
        plugin=plugin,
        file=file,
    )


def _check_schema(file: TomlFile) -> None:
    """Check the schema first: files of another schema may have other keys."""
    schema = file.content.get("schema")
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        message = f"schema {schema} is newer than this dlbench reads." if newer else "An experiment file has a schema."
        raise file.error(Place(key="schema"), message, "Update dlbench." if newer else f"Write schema = {SCHEMA}.")


def _check_table(file: TomlFile, place: Place, table: Any, keys: Mapping[str, Key]) -> None:
    """Raise DlbenchError for an unknown key, a missing key, or an invalid value."""
    if not isinstance(table, dict):
        raise file.error(place, f"{place.table} must hold tables, got {table!r}.", f"Write [[{place.table}]].")
    shown = f"[[{place.table}]]" if place.table else "an experiment file"
    shown = "[criteria]" if place.table == "criteria" else shown
    for key, value in table.items():
        here = place._replace(key=key)
        if key not in keys:
            raise file.error(here, f"{shown} has no key {key!r}.", suggest(key, keys, f"It takes {', '.join(keys)}."))
        fits = isinstance(value, keys[key].types) and (bool in keys[key].types or not isinstance(value, bool))
        if not fits or not keys[key].holds(value):
            raise file.error(here, f"{key} = {value!r} is not accepted.", f"It takes {keys[key].wanted}.")
    for key, accepted in keys.items():
        if accepted.required and key not in table:
            raise file.error(place, f"{shown} needs the key {key}.", f"It takes {accepted.wanted}.")


def _held(file: TomlFile) -> tuple[str, ...]:
    held = file.content.get("hold", ())
    try:
        return read_held([held] if isinstance(held, str) else held)
    except DlbenchError as error:
        raise file.error(Place(key="hold"), error.message, error.hint) from None


def _seeds(seeds: Any) -> Seeds:
    if isinstance(seeds, str):
        return named_seeds(seeds)
    return tuple(seeds) if isinstance(seeds, list) else seeds


def _tables(file: TomlFile, name: str, keys: Mapping[str, Key]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield each table of a name, checked, with its place."""
    for index, table in enumerate(file.content.get(name, [])):
        place = Place(name, index)
        _check_table(file, place, table, keys)
        yield place, table


def _reported(file: TomlFile) -> tuple[Reported, ...]:
    return tuple(Reported(**table, line=file.line(place)) for place, table in _tables(file, "reported", REPORTED))


def _claims(file: TomlFile) -> tuple[Claim, ...]:
    claims = []
    for place, table in _tables(file, "claims", CLAIM):
        try:
            relation = parse_relation(table["relation"])
        except DlbenchError as error:
            raise file.error(place._replace(key="relation"), error.message, error.hint) from None
        known = {**table, "relation": relation, "relation_text": table["relation"]}
        claims.append(Claim(**known, line=file.line(place)))
    return tuple(claims)
