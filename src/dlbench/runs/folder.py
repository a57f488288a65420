"""The run folder as a session sees it: what it holds already, and where new records go."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.files import copy_file, replace_file, writing
from dlbench.plans.history import History
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.checkpoint_files import checkpoint_path
from dlbench.runs.contribution import Contribution
from dlbench.runs.folder_session import FolderSession, utc_now
from dlbench.runs.journal import journal_path
from dlbench.runs.journal_line import record_line
from dlbench.runs.manifest import SCHEMA, Manifest, add_session, join_session
from dlbench.runs.peers import Peer
from dlbench.runs.provenance import provenance_id
from dlbench.trials.trial_record import TrialRecord


class RunFolder(FolderSession):
    """A run folder that sessions write to. Opening it only reads; start(), import_results() and add() write.

    Used as a context manager, it is closed at the end, which completes the tables and the session's entry. Other
    processes may write to the folder at the same time: every write happens under the folder's lock.
    fresh: ignore what is there; it is moved aside as soon as the session starts.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        super().__init__(path, fresh=fresh)
        self._from_others: list[TrialRecord] = []

    def start(
        self, plan: PlanRecord, command: Sequence[str], provenance: Mapping[str, Any], *, mixed: bool = False
    ) -> Manifest:
        """Begin a session: write its plan into the manifest as the last one that was asked, and update the tables.

        provenance: what collect_provenance() returned.
        mixed: whether other processes may be active with a different provenance.
        """
        self._check_fixed(plan)  # a plan that does not fit is refused before anything is written
        with writing(self.path), self._begin():
            now = provenance_id(provenance)
            if not mixed:
                self._check_peers(now)
            session = {
                "session": self._session,
                "command": list(command),
                "started": utc_now().isoformat(timespec="seconds"),
                "ended": None,
                "provenance_id": now,
                **provenance,
            }
            manifest, asked = self._ask(plan)
            self._contribution = Contribution(asked, session)
            return self._show(add_session(manifest, session), plan)

    def _check_peers(self, now: str) -> None:
        """Raise DlbenchError where another session is active with other versions or processors."""
        known = {session.get("session"): session.get("provenance_id") for session in self.state.sessions}
        for peer in self._active.peers():
            if known.get(peer.session, now) != now:
                raise DlbenchError(
                    f"Another session ({peer}) computes in {self.path} with other versions, or on another processor.",
                    "Add --accept-old to mix their results, or choose another --name.",
                )

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

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Begin a session that imports results, under the lock; raise DlbenchError if another one is active."""
        with writing(self.path), self._begin(alone=True):
            yield

    def import_results(
        self,
        plan: PlanRecord,
        sessions: Sequence[Mapping[str, Any]],
        records: Sequence[tuple[TrialRecord, Path]],
        history: History = (),
    ) -> None:
        """Copy the plan, sessions and records of other run folders into this one; call it within importing().

        plan: already joined with the folder's own.
        records: each with its folder, from which its weights are copied, if they were kept.
        history: the comparisons that were asked of any of the folders, that of the plan included.
        """
        with writing(self.path), self._active.exclusive():
            known = self.manifest or Manifest(schema=SCHEMA, name=self.path.name, plan=plan)
            manifest = replace(known, name=self.path.name, plan=plan, comparisons=history)
            for session in sessions:
                manifest = join_session(manifest, session)
            self._write_manifest(manifest)
            if records:
                lines = b"".join(record_line(record) for record, _ in records)
                replace_file(journal_path(self.path, self._session), lines, parents=False)
            for record, source in records:
                self._write_log(record)
                weights = checkpoint_path(source / "weights", record.trial_id)
                if weights.is_file():
                    self.take_weights(weights)

    def has_weights(self, trial_id: str) -> bool:
        """Return whether there are weights of a trial: those of its record, which one that replaces it brings too."""
        return checkpoint_path(self.path / "weights", trial_id).is_file()

    def take_weights(self, source: Path) -> None:
        """Copy a trial's weights from another run folder; what prevents it is a note, since the record is there."""
        try:
            copy_file(source, self.path / "weights" / source.name)
        except OSError as error:
            why = f"{self.path / 'weights'}: {error.strerror or error}"
            note = f"The weights of {source.stem} could not be saved in {why}; they stay in {source.parent}."
            self.notes.append(note)
            self.keep_note(note)

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
            running = [(peer, peer.claimed - self._finished) for peer in peers]
            return {each: peer for peer, claimed in running for each in trial_ids if each in claimed}

    def _catch_up(self) -> None:
        """Read the records that other sessions have added."""
        new = self._reader.read()
        self._finished.update(new)
        self._from_others.extend(new.values())

    def take_new_records(self) -> list[TrialRecord]:
        """Return the records that other sessions have added since the last call."""
        new, self._from_others = self._from_others, []
        return new
