"""A session in a run folder: how it begins, what it has put into the manifest, and how it ends."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from dlbench.analysis.convergence import find_target
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.files import NO_LOCKS, make_folder, remove_file, writing
from dlbench.plans.extend import check_fixed
from dlbench.plans.history import AskedPlan, as_far_as, check_test, same_question
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.contribution import LOST, Contribution
from dlbench.runs.folder_lock import LOCK
from dlbench.runs.journal import FOLDER
from dlbench.runs.leftovers import keep_changed_tables, remove_leftovers, remove_unused
from dlbench.runs.locations import check_own, set_aside
from dlbench.runs.manifest import SCHEMA, Manifest, amend_session, ask, read_manifest, update_plan, write_manifest
from dlbench.runs.peers import ActiveSessions, alone_in
from dlbench.runs.running_trials import RunningTrial, write_running
from dlbench.runs.stored_run import StoredRun
from dlbench.runs.tables import TableFiles

#: How often a folder that other processes move away is made again.
_ATTEMPTS = 20
#: After how long a session that was not alone checks that its end is in the manifest; writing it takes less.
_SETTLE_SECONDS = 0.2


class FolderSession(StoredRun):
    """A run folder that a session may begin and end in; every write happens under the folder's lock."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        super().__init__(path)
        self.notes: list[str] = []
        self._notes_taken = 0
        self._fresh = fresh
        self._session = ""
        self._active = ActiveSessions(path)
        self._contribution: Contribution | None = None
        self._interim_analyses: list[Mapping[str, Any]] = []
        self._kept_notes: list[str] = []
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

    def extend(self, plan: PlanRecord, *, on_the_way: bool = True) -> None:
        """Write the session's comparison, which has grown, into the manifest, with the target that its trials set.

        on_the_way: whether it may grow yet, to seeds that an earlier session had reached.
        """
        if self._contribution is None:
            raise DlbenchError("A session extends its plan only after it has begun.")
        with writing(self.path), self._active.exclusive():
            self._grow(plan, self._contribution, on_the_way=on_the_way)

    def _grow(self, plan: PlanRecord, own: Contribution, *, on_the_way: bool = True) -> None:
        manifest = self._current_manifest() or Manifest(schema=SCHEMA, name=self.path.name, plan=plan)
        self._contribution = own.with_plan(replace(plan, target=find_target(self.records, plan)))
        asked = self._contribution.asked
        self._show(update_plan(manifest, asked, on_the_way=on_the_way), asked.plan)

    def _show(self, manifest: Manifest, plan: PlanRecord) -> Manifest:
        """Write the manifest, and continue with the comparison in it that a plan asks, as far as that plan goes."""
        known = next(asked.plan for asked in manifest.history if same_question(asked.plan, plan))
        self._own = known if known.seeds == plan.seeds else as_far_as(plan, known)
        return self._write_manifest(manifest)

    def _current_manifest(self) -> Manifest | None:
        """Read the manifest; what another process has overwritten of this session's part is restored, and said."""
        manifest, own = read_manifest(self.path) or self.manifest, self._contribution
        if own is None:
            return manifest
        manifest = manifest or Manifest(schema=SCHEMA, name=self.path.name, plan=own.asked.plan)
        if own.is_in(manifest):
            return manifest
        if LOST not in self.notes:
            self.notes.append(LOST)
        return own.restored(manifest)

    def take_notes(self) -> list[str]:
        """Return the sentences for the user that have come up since the last call."""
        new = self.notes[self._notes_taken :]
        self._notes_taken = len(self.notes)
        return new

    def keep_note(self, text: str) -> None:
        """Keep a sentence about the session; it is in the manifest from the end of the session on."""
        self._kept_notes.append(text)

    def check_joined(self) -> None:
        """Raise DlbenchError if the folder that this session has begun in was moved or removed."""
        with writing(self.path):
            self._active.check_joined()

    def show_running(self, trials: Sequence[RunningTrial]) -> None:
        """Write what the session trains now, for whoever watches. Raises OSError."""
        if self._session:
            write_running(self.path, self._session, trials)

    def add_interim_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Keep the result of an interim analysis; it is in the manifest from the end of the session on."""
        self._interim_analyses.append(analysis)

    def add_session_facts(self, **facts: Any) -> None:
        """Add facts to the session's entry in the manifest."""
        with writing(self.path), self._active.exclusive():
            if manifest := self._current_manifest():
                self._amend(manifest, facts)

    def _amend(self, manifest: Manifest, facts: Mapping[str, Any]) -> None:
        self._contribution = self._contribution and self._contribution.with_facts(facts)
        self._write_manifest(amend_session(manifest, self._session, facts))

    @contextlib.contextmanager
    def _begin(self, *, alone: bool = False) -> Iterator[None]:
        """Read again, name the session and register it, clean up and rebuild the tables, all under the lock.

        alone: refuse to begin where other sessions are active.
        """
        if self._fresh:
            self._set_aside()
        self._fresh = False
        self._active = ActiveSessions(self.path)
        with contextlib.ExitStack() as held:
            self._enter(held)
            if alone:
                self._active.check_alone()
            self.read()
            self._session = self._active.join(str(session.get("session")) for session in self.state.sessions)
            if not self._active.peers():
                remove_leftovers(self.path)
            self.notes.extend(keep_changed_tables(self.path))
            if self.records:
                self._tables.rebuild(self.records)
            yield

    def _set_aside(self) -> None:
        """Move what the folder holds aside, unless a session is active there now."""
        with alone_in(self.path, "Wait until it ends, or choose another --name."):
            aside = set_aside(self.path)
            if aside:
                remove_file(aside / FOLDER / LOCK)
                self.notes.append(f"What was in {self.path} is now in {aside}.")

    def _enter(self, held: contextlib.ExitStack) -> None:
        """Make the folder and hold its lock; try again where another process moves it away just then."""
        for attempt in range(_ATTEMPTS):
            try:
                make_folder(self.path, parents=True)
                check_own(self.path)
                make_folder(self.path / FOLDER)
                held.enter_context(self._active.exclusive())
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
            except OSError as error:
                if error.errno in NO_LOCKS:
                    remove_unused(self.path)
                raise
            else:
                return

    def _check_fixed(self, plan: PlanRecord) -> None:
        if self.manifest is not None:
            check_fixed(self.manifest.plan, plan)
            check_test(plan, self.manifest.history if self.state.completed else ())

    def _ask(self, plan: PlanRecord) -> tuple[Manifest, AskedPlan]:
        """Return the folder's manifest with a comparison as the last one that was asked, and that comparison."""
        self._check_fixed(plan)
        new = AskedPlan(plan=plan, asked=utc_now().isoformat(timespec="seconds"), seen=len(self.state.completed))
        if self.manifest is None:
            return Manifest(schema=SCHEMA, name=self.path.name, plan=plan, comparisons=(new,)), new
        return ask(replace(self.manifest, name=self.path.name), new), new

    def _write_manifest(self, manifest: Manifest) -> Manifest:
        write_manifest(self.path, manifest)
        self.manifest = manifest
        return manifest

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
            self._confirm_end()
        finally:
            self._active.leave()
            self._session = ""
            self._contribution = None

    def _write_tables(self) -> None:
        """Write the tables, and the verdicts on the last comparison that was asked, which may be another session's."""
        if self.manifest is None:
            self._tables.rebuild(self.records)
            return
        plan = self.manifest.plan
        self._tables.rebuild(self.records, plan)
        judged = self.judge() if plan is self.plan else judge_run(self.records, plan)
        self._tables.write_comparison(*judged.table())

    def _end_session(self) -> None:
        if self._contribution:
            self._grow(self._contribution.asked.plan, self._contribution)
        manifest = self.manifest
        if manifest is None:
            return
        if not self._contribution and (target := find_target(self.records, manifest.plan)):
            manifest = replace(manifest, plan=replace(manifest.plan, target=target))
        facts: dict[str, Any] = {"ended": utc_now().isoformat(timespec="seconds")}
        if self._interim_analyses:
            facts["looks"] = list(self._interim_analyses)  # the file format's name for them
        if self._kept_notes:
            facts["notes"] = list(self._kept_notes)
        self._amend(manifest, facts)

    def _confirm_end(self) -> None:
        """Check that no other session has overwritten the end of this one: one that the lock does not reach."""
        if not self._active.met_others or self._contribution is None:
            return
        time.sleep(_SETTLE_SECONDS)
        with writing(self.path), self._active.exclusive():
            if manifest := self._current_manifest():
                self._write_manifest(manifest)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
