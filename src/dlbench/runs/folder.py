"""The run folder as a session sees it: what is there already, and where new records go."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from dlbench.analysis.convergence import find_target
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.files import copy_file, make_folder, replace_file, writing
from dlbench.plans.extend import Plan, extend_plan
from dlbench.runs.journal import FOLDER, JournalReader, append_record, journal_path, record_line, session_name
from dlbench.runs.leftovers import keep_changed_views, remove_leftovers
from dlbench.runs.locations import check_own, set_aside
from dlbench.runs.manifest import SCHEMA, read_manifest, write_manifest
from dlbench.runs.peers import ActiveSessions, Peer, at_work
from dlbench.runs.provenance import provenance_id
from dlbench.runs.tables import ViewFiles
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.manifest import Manifest
from dlbench.trials.trial_record import COMPLETED, TrialRecord


class RunFolder:
    """A run folder. Opening it reads; nothing is made on disk before start() or add().

    Used as a context manager, it is closed at the end: the views are whole, the session has its end. Other processes
    may write to the folder at the same time: whatever is written here is written while they keep still.
    fresh: take nothing over; what is there is set aside as soon as the session begins.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self.notes: list[str] = []
        self.manifest: Manifest | None = None
        self._fresh = fresh
        self._session = ""
        self._company = ActiveSessions(path)
        self._looks: list[Mapping[str, Any]] = []
        self._came: set[str] = set()
        self._news: list[TrialRecord] = []
        self._views = ViewFiles(path)
        self._read(nothing=fresh)

    def _read(self, *, nothing: bool = False) -> None:
        """Read the manifest and all journals anew."""
        self._reader = JournalReader(self.path)
        self._records: dict[str, TrialRecord] = {}
        if not nothing:
            self.manifest = read_manifest(self.path)
            self._records.update(self._reader.read(to_the_end=True))
            if self._reader.unfinished and not at_work(self.path):  # else that line is still being written
                self._reader.warnings += self._reader.unfinished

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(DlbenchError):  # what went wrong first is what is told
            self.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what was left out in reading, a sentence each."""
        return tuple(self._reader.warnings)

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
                f"Type `dlbench results doctor {self.path.name}`, which makes one from the trials.",
            )
        return self.manifest.plan

    @property
    def answered(self) -> frozenset[str]:
        """Return the identities of the trials that need no other run."""
        return frozenset(trial_id for trial_id, record in self._records.items() if record.status in COMPLETED)

    @property
    def without_steps(self) -> frozenset[str]:
        """Return the identities of the trials that have no step's loss."""
        return frozenset(trial_id for trial_id, record in self._records.items() if not record.steps)

    def without_diagnostics(self, diagnostics: DiagnosticsPlan) -> frozenset[str]:
        """Return the identities of answered trials whose records lack some of the diagnostics."""
        return frozenset(
            trial_id
            for trial_id, record in self._records.items()
            if record.status in COMPLETED and diagnostics.lacks(record.watched, len(record.epochs))
        )

    @property
    def came(self) -> frozenset[str]:
        """Return the trials that ended since the session began, here or in another process, whatever their status."""
        return frozenset(self._came)

    def start(
        self, plan: Plan, command: Sequence[str], provenance: Mapping[str, Any], *, mixed: bool = False
    ) -> Manifest:
        """Begin a session: join its plan to the folder's, write the manifest, bring the views up to date.

        provenance: what collect_provenance() returned.
        mixed: whether other processes may be at work under other conditions.
        """
        joined = extend_plan(self.manifest.plan, plan) if self.manifest else plan
        with writing(self.path), self._begin():
            if self.manifest:  # another process may have begun in the meantime
                joined = extend_plan(self.manifest.plan, plan)
            if not mixed:
                self._check_conditions(provenance_id(provenance))
            session = {
                "session": self._session,
                "command": list(command),
                "started": _now().isoformat(timespec="seconds"),
                "ended": None,
                "provenance_id": provenance_id(provenance),
                **provenance,
            }
            sessions = (*(self.manifest.sessions if self.manifest else ()), session)
            self.manifest = Manifest(schema=SCHEMA, name=self.path.name, plan=joined, sessions=sessions)
            write_manifest(self.path, self.manifest)
        return self.manifest

    def _check_conditions(self, now: str) -> None:
        """Raise DlbenchError where another session is at work that computes with other versions or processors."""
        sessions = {s.get("session"): s.get("provenance_id") for s in (self.manifest.sessions if self.manifest else ())}
        for peer in self._company.peers():
            if sessions.get(peer.session, now) != now:
                raise DlbenchError(
                    f"{peer} computes in {self.path} with other versions, or on another processor.".capitalize(),
                    "Add --accept-old to mix their results, or choose another --name.",
                )

    def extend(self, plan: Plan) -> None:
        """Join more of the session's plan to the folder's, and write the manifest."""
        if self.manifest is None:
            raise DlbenchError("A session extends its plan only after it has begun.")
        with writing(self.path), self._company.exclusive():
            manifest = read_manifest(self.path) or self.manifest
            self.manifest = replace(manifest, plan=extend_plan(manifest.plan, plan))
            write_manifest(self.path, self.manifest)

    def note_look(self, look: Mapping[str, Any]) -> None:
        """Keep what a look at growing results found; the manifest has it from the end of the session on."""
        self._looks.append(look)

    def note_session(self, **facts: Any) -> None:
        """Add facts to the session's entry in the manifest."""
        with writing(self.path), self._company.exclusive():
            self._amend_session(facts)

    @contextlib.contextmanager
    def _begin(self) -> Iterator[None]:
        """Name the session and join whoever is at work here; read again, tidy up and mend views, all undisturbed."""
        if self._fresh and (aside := set_aside(self.path)):
            self.notes.append(f"What was in {self.path} is now in {aside}.")
        self._fresh = False
        make_folder(self.path, parents=True)
        check_own(self.path)
        make_folder(self.path / FOLDER)
        self._session = session_name(_now())
        self._company = ActiveSessions(self.path, self._session)
        with self._company.exclusive():
            self._company.join()
            self._read()
            if not self._company.peers():
                remove_leftovers(self.path)
            self.notes.extend(keep_changed_views(self.path))
            if self._records:
                self._views.rebuild(self.records)
            yield

    def add(self, record: TrialRecord) -> None:
        """Keep a record: on disk in the journal first, then in the views and, if it has one, as a log."""
        with writing(self.path):
            if not self._session:
                with self._begin():
                    pass
            with self._company.exclusive():
                self._catch_up()
                journal = journal_path(self.path, self._session)
                append_record(journal, record)
                self._reader.skip(journal)
                again = record.trial_id in self._records
                self._records[record.trial_id] = record
                self._came.add(record.trial_id)
                if record.log:
                    replace_file(self.path / "logs" / f"{record.trial_id}.log", record.log, parents=False)
                # Rows of a trial run again are replaced at the end: rewriting a file a trial would cost its square.
                if not again and not self._views.append(record):
                    self._views.rebuild(self.records)

    def adopt(
        self,
        plan: Plan,
        sessions: Sequence[Mapping[str, Any]],
        records: Sequence[TrialRecord],
        sources: Sequence[Path] = (),
    ) -> None:
        """Take over what other run folders hold: plan, sessions, and records in one step. sources: where weights lie.

        plan: joined with the folder's own already.
        """
        with writing(self.path), self._begin():
            known = self.manifest.sessions if self.manifest else ()
            names = {session.get("session") for session in known}
            new = [session for session in sessions if session.get("session") not in names]
            joined = extend_plan(self.manifest.plan, plan) if self.manifest else plan
            self.manifest = Manifest(schema=SCHEMA, name=self.path.name, plan=joined, sessions=(*known, *new))
            write_manifest(self.path, self.manifest)
            if records:
                lines = b"".join(map(record_line, records))
                replace_file(journal_path(self.path, self._session), lines, parents=False)
            for record in records:
                if record.log:
                    replace_file(self.path / "logs" / f"{record.trial_id}.log", record.log, parents=False)
                for source in sources:
                    if (weights := source / "weights" / f"{record.trial_id}.pt").is_file():
                        copy_file(weights, self.path / "weights" / weights.name)
                        break

    def refresh(self) -> tuple[TrialRecord, ...]:
        """Read what other processes have written since the last time; return the records that are new or changed."""
        with contextlib.suppress(DlbenchError):  # as it was, then
            self.manifest = read_manifest(self.path) or self.manifest
        new = dict(self._reader.read())
        self._records.update(new)
        return tuple(new.values())

    def take_weights(self, source: Path) -> None:
        """Copy a trial's weights from another run folder."""
        with writing(self.path):
            copy_file(source, self.path / "weights" / source.name)

    def claim(self, trial_id: str) -> bool:
        """Take a trial for this session; False where another one has it, or has ended it since the session began."""
        with writing(self.path), self._company.exclusive():
            taken = any(trial_id in peer.taken for peer in self._company.peers())
            self._catch_up()
            if taken or trial_id in self._came:
                return False
            self._company.take(trial_id)
            return True

    def elsewhere(self, trial_ids: Sequence[str]) -> dict[str, Peer]:
        """Return those trials that other sessions run now, each with its session; read what has ended meanwhile."""
        with writing(self.path), self._company.exclusive():
            peers = self._company.peers()
            self._catch_up()
            return {each: peer for peer in peers for each in trial_ids if each in peer.taken - self._came}

    def _catch_up(self) -> None:
        """Read the records that other sessions have added."""
        for trial_id, record in self._reader.read():
            self._records[trial_id] = record
            self._came.add(trial_id)
            self._news.append(record)

    def news(self) -> list[TrialRecord]:
        """Return the records that other sessions have added since the last call."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """End the session: views and verdicts made anew from all journals, the end in the manifest.

        Harmless when repeated.
        """
        if not self._session:
            return
        try:
            with writing(self.path), self._company.exclusive():
                self._read()  # other sessions may have written beside this one
                self._end_session()
                if self._records:
                    self._write_views()
        finally:
            self._company.leave()
            self._session = ""

    def _write_views(self) -> None:
        if self.manifest is None:
            self._views.rebuild(self.records)
            return
        self._views.rebuild(self.records, self.manifest.plan)
        self._views.write_comparison(*judge_run(self.records, self.manifest.plan).table())

    def _end_session(self) -> None:
        if self.manifest is None:
            return
        target = find_target(self.records, self.manifest.plan)
        if target["values"]:
            self.manifest = replace(self.manifest, plan={**self.manifest.plan, "target": target})
        ended: dict[str, Any] = {"ended": _now().isoformat(timespec="seconds")}
        if self._looks:
            ended["looks"] = list(self._looks)
        self._amend_session(ended, self.manifest)

    def _amend_session(self, facts: Mapping[str, Any], manifest: Manifest | None = None) -> None:
        manifest = manifest or read_manifest(self.path)
        if manifest is None:
            return
        sessions = tuple(
            {**session, **facts} if session.get("session") == self._session else session
            for session in manifest.sessions
        )
        self.manifest = replace(manifest, sessions=sessions)
        write_manifest(self.path, self.manifest)


def _now() -> datetime:
    return datetime.now(UTC)
