"""The run folder as a session sees it: what is there already, and where new records go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from dlbench.errors import DlbenchError
from dlbench.results.convergence import find_target
from dlbench.results.files import replace_file, writing
from dlbench.results.journal import Journal, append_record, journal_path, read_journal, session_name
from dlbench.results.judging import judge_run
from dlbench.results.manifest import SCHEMA, provenance_id, read_manifest, write_manifest
from dlbench.results.views import ViewFiles
from dlbench.settings import BEFORE
from dlbench.syntax import format_value
from dlbench.trial import ANSWERED, Manifest, TrialRecord
from dlbench.watch import Watch

Plan = Mapping[str, Any]


class RunFolder:
    """A run folder. Opening it reads; nothing is made on disk before start() or add().

    Used as a context manager, it is closed at the end: the views are whole, the session has its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)
        self._take(read_journal(path))
        self._views = ViewFiles(path)
        self._session = ""
        self._looks: list[Mapping[str, Any]] = []

    def _take(self, journal: Journal) -> None:
        self._records = dict(journal.records)
        self.warnings = journal.warnings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def records(self) -> tuple[TrialRecord, ...]:
        """Return the last record of each trial, in the order in which trials first ended."""
        return tuple(self._records.values())

    @property
    def plan(self) -> Plan:
        """Return the plan of the folder; one without a manifest is a DlbenchError."""
        if self.manifest is None:
            raise DlbenchError(
                f"{self.path} has no manifest.json, so its variants are not known.",
                "Type the command that made it again, or export the trials: `dlbench results export`.",
            )
        return self.manifest.plan

    @property
    def answered(self) -> frozenset[str]:
        """Return the identities of the trials that need no other run."""
        return frozenset(trial_id for trial_id, record in self._records.items() if record.status in ANSWERED)

    @property
    def without_steps(self) -> frozenset[str]:
        """Return the identities of the trials that have no step's loss."""
        return frozenset(trial_id for trial_id, record in self._records.items() if not record.steps)

    def unwatched(self, watch: Watch) -> frozenset[str]:
        """Return the identities of answered trials whose records lack what a watch measures."""
        return frozenset(
            trial_id
            for trial_id, record in self._records.items()
            if record.status in ANSWERED and watch.lacks(record.watched, len(record.epochs))
        )

    def start(self, plan: Plan, command: Sequence[str], surroundings: Mapping[str, Any]) -> Manifest:
        """Begin a session: join its plan to the folder's, write the manifest, bring the views up to date.

        surroundings: what provenance() returned.
        """
        joined = extend_plan(self.manifest.plan, plan) if self.manifest else plan
        self._begin()
        self._looks = []
        session = {
            "session": self._session,
            "command": list(command),
            "started": _now().isoformat(timespec="seconds"),
            "ended": None,
            "provenance_id": provenance_id(surroundings),
            **surroundings,
        }
        sessions = (*(self.manifest.sessions if self.manifest else ()), session)
        self.manifest = Manifest(schema=SCHEMA, name=self.path.name, plan=joined, sessions=sessions)
        with writing(self.path):
            write_manifest(self.path, self.manifest)
        return self.manifest

    def extend(self, plan: Plan) -> None:
        """Join more of the session's plan to the folder's, and write the manifest."""
        if self.manifest is None:
            raise DlbenchError("A session extends its plan only after it has begun.")
        self.manifest = replace(self.manifest, plan=extend_plan(self.manifest.plan, plan))
        with writing(self.path):
            write_manifest(self.path, self.manifest)

    def note_look(self, look: Mapping[str, Any]) -> None:
        """Keep what a look at growing results found; the manifest has it from the end of the session on."""
        self._looks.append(look)

    def _begin(self) -> None:
        """Name the session; repair the views, which a killed session may have left behind the journal."""
        self._session = session_name(_now())
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            if self._records:
                self._views.rebuild(self.records)

    def add(self, record: TrialRecord) -> None:
        """Keep a record: on disk in the journal first, then in the views and, if it has one, as a log."""
        if not self._session:
            self._begin()
        again = record.trial_id in self._records
        self._records[record.trial_id] = record
        with writing(self.path):
            append_record(journal_path(self.path, self._session), record)
            if record.log:
                replace_file(self.path / "logs" / f"{record.trial_id}.log", record.log)
            # Rows of a trial run again are replaced at the end: rewriting a file a trial would cost its square.
            if not again and not self._views.append(record):
                self._views.rebuild(self.records)

    def close(self) -> None:
        """End the session: views and verdicts made anew from all journals, the end in the manifest.

        Harmless when repeated.
        """
        if not self._session:
            return
        self._take(read_journal(self.path))  # another session may have written beside this one
        with writing(self.path):
            self._end_session()
            if self._records:
                self._write_views()
        self._session = ""

    def _write_views(self) -> None:
        if self.manifest is None:
            self._views.rebuild(self.records)
            return
        self._views.rebuild(self.records, self.manifest.plan)
        self._views.write_comparison(*judge_run(self.records, self.manifest.plan).table())

    def _end_session(self) -> None:
        manifest = read_manifest(self.path)
        if manifest is None:
            return
        target = find_target(self.records, manifest.plan)
        plan = {**manifest.plan, "target": target} if target["values"] else manifest.plan
        ended: dict[str, Any] = {"ended": _now().isoformat(timespec="seconds")}
        if self._looks:
            ended["looks"] = list(self._looks)
        sessions = tuple(
            {**session, **ended} if session.get("session") == self._session else session
            for session in manifest.sessions
        )
        self.manifest = replace(manifest, plan=plan, sessions=sessions)
        write_manifest(self.path, self.manifest)


def _now() -> datetime:
    return datetime.now(UTC)


def extend_plan(old: Plan, new: Plan) -> dict[str, Any]:
    """Join two plans with equal fixed settings: more values of an axis, more variants, more seeds.

    What was there keeps its place; baseline and judging stay, but for looks where there were none. Other fixed settings
    are a DlbenchError that lists them.
    """
    before = {name: format_value(value) for name, value in BEFORE.items() if name in new["fixed"]}
    fixed = {name: text for name, text in before.items() if name not in old["axes"]} | dict(old["fixed"])
    if differences := _differences(fixed, new["fixed"]):
        raise DlbenchError(
            f"The run folder holds results with other fixed settings: {'; '.join(differences)}.",
            "Choose another --name, or repeat the settings that the folder was made with.",
        )
    axes = {**old["axes"], **new["axes"]}
    known = {variant["label"]: variant["variant_id"] for variant in old["variants"]}
    for variant in new["variants"]:
        if known.get(variant["label"], variant["variant_id"]) != variant["variant_id"]:
            raise DlbenchError(
                f"The variant {variant['label']} is not the one of that name in the run folder: "
                "its data, or a value that shows neither as an axis nor as a fixed setting, has changed.",
                "Choose another --name.",
            )
    joined = {
        **new,
        **old,
        "axes": {axis: _union(old["axes"].get(axis, ()), new["axes"].get(axis, ())) for axis in axes},
        "variants": [*old["variants"], *(variant for variant in new["variants"] if variant["label"] not in known)],
        "seeds": _union(old["seeds"], new["seeds"]),
    }
    if floor := _union(old.get("noise_floor", ()), new.get("noise_floor", ())):
        joined["noise_floor"] = floor
    if watch := Watch.from_json(old.get("watch")).joined(Watch.from_json(new.get("watch"))):
        joined["watch"] = watch.to_json()
    if looks := new.get("judging", {}).get("looks"):
        # Whoever stops as soon as a verdict falls pays for every look from then on.
        joined["judging"] = {**joined["judging"], "looks": joined["judging"].get("looks") or looks}
    return joined


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [f"{name} is {old.get(name, 'varied')} there and {new.get(name, 'varied')} here" for name in names]


def _union(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys([*old, *new]))
