"""The run folder as a session sees it: what it holds already, and where new records go."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from dlbench.analysis.convergence import find_target
from dlbench.errors import DlbenchError
from dlbench.files import copy_file, make_folder, replace_file, writing
from dlbench.plans.extend import extend_plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.journal import FOLDER, journal_path, record_line, session_name
from dlbench.runs.leftovers import keep_changed_tables, remove_leftovers
from dlbench.runs.locations import check_own, set_aside
from dlbench.runs.manifest import SCHEMA, Manifest, add_session, amend_session, read_manifest, write_manifest
from dlbench.runs.peers import ActiveSessions, Peer
from dlbench.runs.provenance import provenance_id
from dlbench.runs.stored_run import StoredRun
from dlbench.runs.tables import TableFiles
from dlbench.trials.trial_record import TrialRecord


class RunFolder(StoredRun):
    """A run folder that sessions write to. Opening it only reads; start(), import_results() and add() write.

    Used as a context manager, it is closed at the end, which completes the tables and the session's entry. Other
    processes may write to the folder at the same time: every write happens under the folder's lock.
    fresh: ignore what is there; it is moved aside as soon as the session starts.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        super().__init__(path)
        self.notes: list[str] = []
        self._fresh = fresh
        self._session = ""
        self._active = ActiveSessions(path)
        self._interim_analyses: list[Mapping[str, Any]] = []
        self._from_others: list[TrialRecord] = []
        self._tables = TableFiles(path)
        if not fresh:
            self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(DlbenchError):  # the first error is the one to show
            self.close()

    def start(
        self, plan: PlanRecord, command: Sequence[str], provenance: Mapping[str, Any], *, mixed: bool = False
    ) -> Manifest:
        """Begin a session: join its plan to the folder's, write the manifest, bring the tables up to date.

        provenance: what collect_provenance() returned.
        mixed: whether other processes may be active with a different provenance.
        """
        self._extended(plan)  # a plan that does not fit is refused before anything is written
        with writing(self.path), self._begin():
            now = provenance_id(provenance)
            if not mixed:
                self._check_peers(now)
            session = {
                "session": self._session,
                "command": list(command),
                "started": _now().isoformat(timespec="seconds"),
                "ended": None,
                "provenance_id": now,
                **provenance,
            }
            return self._write_manifest(add_session(self._extended(plan), session))

    def _extended(self, plan: PlanRecord) -> Manifest:
        """Return the folder's manifest, its plan joined with another one."""
        if self.manifest is None:
            return Manifest(schema=SCHEMA, name=self.path.name, plan=plan)
        return replace(self.manifest, name=self.path.name, plan=extend_plan(self.manifest.plan, plan))

    def _write_manifest(self, manifest: Manifest) -> Manifest:
        write_manifest(self.path, manifest)
        self.manifest = manifest
        return manifest

    def _check_peers(self, now: str) -> None:
        """Raise DlbenchError where another session is active with other versions or processors."""
        known = {session.get("session"): session.get("provenance_id") for session in self.state.sessions}
        for peer in self._active.peers():
            if known.get(peer.session, now) != now:
                raise DlbenchError(
                    f"Another session ({peer}) computes in {self.path} with other versions, or on another processor.",
                    "Add --accept-old to mix their results, or choose another --name.",
                )

    def extend(self, plan: PlanRecord) -> None:
        """Join more of the session's plan to the folder's, and write the manifest."""
        if self.manifest is None:
            raise DlbenchError("A session extends its plan only after it has begun.")
        with writing(self.path), self._active.exclusive():
            self.manifest = read_manifest(self.path) or self.manifest
            self._write_manifest(self._extended(plan))

    def add_interim_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Keep the result of an interim analysis; it is in the manifest from the end of the session on."""
        self._interim_analyses.append(analysis)

    def add_session_facts(self, **facts: Any) -> None:
        """Add facts to the session's entry in the manifest."""
        with writing(self.path), self._active.exclusive():
            if manifest := read_manifest(self.path):
                self._write_manifest(amend_session(manifest, self._session, facts))

    @contextlib.contextmanager
    def _begin(self) -> Iterator[None]:
        """Name the session and register it; read again, clean up and rebuild the tables, all under the lock."""
        if self._fresh and (aside := set_aside(self.path)):
            self.notes.append(f"What was in {self.path} is now in {aside}.")
        self._fresh = False
        make_folder(self.path, parents=True)
        check_own(self.path)
        make_folder(self.path / FOLDER)
        self._session = session_name(_now())
        self._active = ActiveSessions(self.path, self._session)
        with self._active.exclusive():
            self._active.join()
            self.read()
            if not self._active.peers():
                remove_leftovers(self.path)
            self.notes.extend(keep_changed_tables(self.path))
            if self.records:
                self._tables.rebuild(self.records)
            yield

    def add(self, record: TrialRecord) -> None:
        """Keep a record: on disk in the journal first, then in the tables and, if it has one, as a log."""
        with writing(self.path):
            if not self._session:
                with self._begin():
                    pass
            with self._active.exclusive():
                self._catch_up()
                again = record.trial_id in self._reader
                self._reader.append(self._session, record)
                self._finished.add(record.trial_id)
                self._write_log(record)
                # Rows of a trial run again are replaced at the end: rewriting a file per trial costs quadratic time.
                if not again and not self._tables.append(record):
                    self._tables.rebuild(self.records)

    def _write_log(self, record: TrialRecord) -> None:
        if record.log:
            replace_file(self.path / "logs" / f"{record.trial_id}.log", record.log, parents=False)

    def import_results(
        self,
        plan: PlanRecord,
        sessions: Sequence[Mapping[str, Any]],
        records: Sequence[TrialRecord],
        sources: Sequence[Path] = (),
    ) -> None:
        """Copy the plan, sessions and records of other run folders into this one, in one step.

        plan: already joined with the folder's own.
        sources: the folders that may hold the records' weights.
        """
        with writing(self.path), self._begin():
            names = {session.get("session") for session in self.state.sessions}
            manifest = self._extended(plan)
            for session in sessions:
                if session.get("session") not in names:
                    manifest = add_session(manifest, session)
            self._write_manifest(manifest)
            if records:
                lines = b"".join(map(record_line, records))
                replace_file(journal_path(self.path, self._session), lines, parents=False)
            for record in records:
                self._write_log(record)
                weights = (source / "weights" / f"{record.trial_id}.pt" for source in sources)
                if found := next(filter(Path.is_file, weights), None):
                    copy_file(found, self.path / "weights" / found.name)

    def take_weights(self, source: Path) -> None:
        """Copy a trial's weights from another run folder."""
        with writing(self.path):
            copy_file(source, self.path / "weights" / source.name)

    def claim(self, trial_id: str) -> bool:
        """Reserve a trial for this session; False if another one has it, or has ended it since the session began."""
        with writing(self.path), self._active.exclusive():
            claimed = any(trial_id in peer.claimed for peer in self._active.peers())
            self._catch_up()
            if claimed or trial_id in self._finished:
                return False
            self._active.claim(trial_id)
            return True

    def running_elsewhere(self, trial_ids: Sequence[str]) -> dict[str, Peer]:
        """Return the trials that other sessions run now, each with its session; read what has ended meanwhile."""
        with writing(self.path), self._active.exclusive():
            peers = self._active.peers()
            self._catch_up()
            return {each: peer for peer in peers for each in trial_ids if each in peer.claimed - self._finished}

    def _catch_up(self) -> None:
        """Read the records that other sessions have added."""
        new = self._reader.read()
        self._finished.update(new)
        self._from_others.extend(new.values())

    def take_new_records(self) -> list[TrialRecord]:
        """Return the records that other sessions have added since the last call."""
        new, self._from_others = self._from_others, []
        return new

    def close(self) -> None:
        """End the session: rebuild tables and verdicts from all journals, and record the end in the manifest.

        Calling it again does nothing.
        """
        if not self._session:
            return
        try:
            with writing(self.path), self._active.exclusive():
                self.read()  # other sessions may have written, too
                self._end_session()
                if self.records:
                    self._write_tables()
        finally:
            self._active.leave()
            self._session = ""

    def _write_tables(self) -> None:
        if self.manifest is None:
            self._tables.rebuild(self.records)
            return
        self._tables.rebuild(self.records, self.manifest.plan)
        self._tables.write_comparison(*self.judge().table())

    def _end_session(self) -> None:
        if self.manifest is None:
            return
        manifest, target = self.manifest, find_target(self.records, self.manifest.plan)
        if target:
            manifest = replace(manifest, plan=replace(manifest.plan, target=target))
        facts: dict[str, Any] = {"ended": _now().isoformat(timespec="seconds")}
        if self._interim_analyses:
            facts["looks"] = list(self._interim_analyses)  # the file format's name for them
        self._write_manifest(amend_session(manifest, self._session, facts))


def _now() -> datetime:
    return datetime.now(UTC)
