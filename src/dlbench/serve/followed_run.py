"""A run folder followed while sessions write to it: each line of its journals is read once, and little of it kept."""

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dlbench.analysis.convergence import find_target
from dlbench.analysis.judged import Judged
from dlbench.analysis.second_look import second_look
from dlbench.analysis.so_far import EndedTrial
from dlbench.analysis.tuned_verdicts import judge_tuned
from dlbench.analysis.verdicts import judged_value
from dlbench.errors import DlbenchError
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.journal import FOLDER
from dlbench.runs.journal_tail import JournalTail
from dlbench.runs.manifest import FILE_NAME, read_manifest
from dlbench.runs.peers import Peer, active_peers
from dlbench.runs.running_trials import read_running
from dlbench.serve.run_progress import RunProgress, run_progress
from dlbench.trials.trial_record import TrialRecord

#: What shows that a file has changed: its identity, size and time; () where there is none.
Signature = tuple[int, ...]


@dataclass(frozen=True)
class _Seen:
    """How the files of a folder were when they were last read."""

    manifest: Signature = ()
    journals: Mapping[str, Signature] | None = None
    peers: tuple[Peer, ...] = ()


class FollowedRun:
    """A run folder, followed. Its methods may be called by any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._progress = RunProgress(name=path.name)
        self._lock = threading.Lock()
        self._seen = _Seen()
        self._question: object = None
        self._restart()

    def _restart(self) -> None:
        self._tail = JournalTail(self.path / FOLDER)
        self._ended: dict[tuple[str, int], EndedTrial] = {}
        self._varied: dict[tuple[str, int], str] = {}

    def refresh(self) -> RunProgress:
        """Read what was added since the last call; the same record is returned where nothing was."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                self._progress = self._read(seen.peers)
                self._seen = seen
            return self._progress

    def verdict_key(self) -> object:
        """Return what the verdicts depend on that may be seen; None where none may."""
        with self._lock:
            part = self._progress.judged
            if part is None:
                return None
            found = (self._ended.get(key) for key in (*part.labels, *self._varied))
            return part, frozenset(trial.position for trial in found if trial)

    def judge(self) -> Judged | None:
        """Return the verdicts that the plan allows by now; None where it allows none. Reads the folder anew."""
        part = self._progress.judged
        if part is None:
            return None
        folder = RunFolder(self.path)
        if part.target:
            part = replace(part, target=find_target(folder.records, part))
        history = folder.manifest.history if folder.manifest else ()
        return replace(judge_tuned(folder.records, part), second_look=second_look(part, history))

    def _look(self) -> _Seen:
        """Return how the files are now, of which nothing is read."""
        journals = {}
        with contextlib.suppress(OSError):
            for path in (self.path / FOLDER).iterdir():
                if path.suffix in (".jsonl", ".running"):
                    journals[path.name] = _signature(path)
        return _Seen(_signature(self.path / FILE_NAME), journals, active_peers(self.path))

    def _read(self, peers: tuple[Peer, ...]) -> RunProgress:
        name = self.path.name
        try:
            manifest = read_manifest(self.path)
            if manifest is None:
                why = "It has no manifest.json, so what it compares is not known."
                return RunProgress(name=name, active=bool(peers), problem=why if self.path.exists() else "It is gone.")
            self._take_records(manifest.plan)
            running = read_running(self.path, peers)
            progress = run_progress(name, manifest, self._ended, self._varied, running, peers)
            return replace(progress, left_out=tuple(self._tail.warnings))
        except DlbenchError as error:
            return RunProgress(name=name, active=bool(peers), problem=error.message)
        except OSError as error:
            return RunProgress(name=name, problem=f"It cannot be read: {error.strerror or error}.")

    def _take_records(self, plan: PlanRecord) -> None:
        """Read the new lines; all of them again where another value is judged than before, or a journal was changed."""
        varied = (plan.spread, plan.variants) if plan.spread else None  # whose trials vary a source
        question = (plan.criteria.metric, plan.criteria.at, plan.target, varied)
        if question != self._question or not self._tail.is_current():
            self._question = question
            self._restart()
        for position, record in self._tail.new_records():
            key = (record.trial.variant_id, record.trial.seed)
            known = self._ended.get(key)
            if known is None or position >= known.position:
                if plan.spread and key not in plan.labels and (label := plan.label_of(record.trial)):
                    self._varied[key] = label
                self._ended[key] = EndedTrial(position, record.status, record.message, _value(record, plan))


def _value(record: TrialRecord, plan: PlanRecord) -> float | None:
    try:
        return judged_value(record, plan, plan.criteria)
    except DlbenchError:  # a metric that this trial cannot have, which judging will say
        return None


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns
