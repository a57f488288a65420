"""A running session: records the executor's events in the folder and passes them to observers and the display."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.checkpoint_files import discard_checkpoints, remove_empty_folder
from dlbench.runs.folder import RunFolder
from dlbench.runs.peers import active_peers
from dlbench.runs.provenance import provenance_id
from dlbench.sessions.carried_files import keep
from dlbench.sessions.execution import Execution
from dlbench.sessions.observers import Observers
from dlbench.sessions.options import Display, Options, Outcome
from dlbench.sessions.pending import measured_again, pending
from dlbench.sessions.remote import Nodes
from dlbench.sessions.resume import Reuse
from dlbench.sessions.staleness import components_used
from dlbench.sessions.trial_units import Units
from dlbench.sessions.tuning import chosen_anew, search_stages, with_choices
from dlbench.trials.events import ArtifactSaved, EpochFinished, Event, TrialFinished, TrialNoted, TrialStarted
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, TrialRecord

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ExecutorProtocol

#: Seconds between two checks of what other processes have done.
_POLL_SECONDS = 0.3
#: Seconds between two checks, while trials run, that the folder is still the session's.
_CHECK_SECONDS = 1.0


class LiveSession:
    """The running part of a session.

    plan: everything that may run; `stage` is the part of it that runs now.
    provenance: what collect_provenance() returned.
    """

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        registry: Registry,
        display: Display,
        options: Options,
        provenance: Mapping[str, Any],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.registry = registry
        self._observers = Observers(registry.plugins)
        self.display, self.options, self.provenance = display, options, provenance
        self.provenance_id = provenance_id(provenance)
        self._units = Units(folder, registry, options, provenance, components_used(plan))
        self._nodes = Nodes(folder, provenance)
        self._reuse = Reuse(folder, options, provenance)
        self.labels = plan.labels
        self.stage = plan.stages[0]
        self.trials = {trial.trial_id: trial for trial in self.stage.all_trials}
        self.computed: set[str] = set()
        self.elsewhere = 0
        self._finished = plan.finished
        self._messages: set[str] = set()
        self._claimed: set[str] = set()
        self._execution = Execution(self._handle, self._name, display.note, self._units.prepare)
        self._shown: set[str] = set()
        self._peers: set[str] = set()
        self._to_run: set[str] = set()  # of the whole plan
        self._next_check = 0.0

    def pending(self, plan: Plan) -> tuple[Trial, ...]:
        """Return the trials of the plan, or of a stage of it, that have to run."""
        return pending(plan, self.folder.state, self.options, self.provenance)

    def start(self) -> None:
        """Begin the session in the folder, and reuse the trials of other runs where that is asked for."""
        mixed, command = self.options.accept_old, self.options.command
        manifest = self.folder.start(self.stage.record, command, self.provenance, mixed=mixed)
        self.show_notes()
        self._take_reusable()
        self._to_run = {trial.trial_id for trial in self.pending(self.plan)}
        self.observe("dlbench_run_started", manifest=manifest)

    def run_stages(self, executor: "Callable[[], ExecutorProtocol]", stop: threading.Event) -> bool:
        """Run the plan up to each interim analysis until all verdicts are decided; return whether it was interrupted.

        executor: called where there is something to run.
        """
        if self.plan.searches and not self._tune(executor, stop):
            return stop.is_set()
        self._note_once(measured_again(self.plan, self.folder.state))
        for planned in self.plan.stages:
            stage = replace(planned, finished=self._finished)
            self._enter(stage)
            if trials := self.pending(stage):
                self._train(trials, executor(), stop)
            if stop.is_set() and self.pending(stage):
                return True  # an incomplete stage is not analyzed
            if self._all_decided() or len(stage.seeds) == len(self.plan.seeds):
                self.folder.extend(self.stage.record, on_the_way=False)  # computed again, it may end earlier
                return False
            if stop.is_set():
                return True
        return False

    def _tune(self, executor: "Callable[[], ExecutorProtocol]", stop: threading.Event) -> bool:
        """Run the search before the comparison, and continue with what it chose; return whether it has ended.

        A trial that fails for the first time is to be tried once more before anything is chosen without it.
        """
        before = self.folder.state.failed
        for stage in search_stages(self.plan, self.folder):
            self._enter(stage)
            if trials := self.pending(stage):
                self._train(trials, executor(), stop)
            if stop.is_set() and self.pending(stage):
                return False
        if count := len((self.folder.state.failed - before) & self.trials.keys()):
            lost = f"{count} tuning trial{'s' * (count != 1)} failed"
            self.display.note(f"{lost}: run the same command again to try once more, before anything is chosen.")
            return False
        self.plan = with_choices(self.stage, self.folder)
        self._note_once(chosen_anew(self.plan, self.folder))
        self.labels = self.plan.labels
        self._take_reusable()
        self._to_run |= {trial.trial_id for trial in self.pending(self.plan)}
        return True

    def outcome(self, interrupted: bool) -> Outcome:
        """Return what the session leaves, once its folder is closed."""
        records = tuple(record for record in self.folder.records if record.trial_id in self.trials)
        return Outcome(
            run=self.folder,
            plan=self.stage,
            records=records,
            computed=len(self.computed),
            interrupted=interrupted,
            reused=len(self._reuse.taken & {record.trial_id for record in records}),
            elsewhere=self.elsewhere,
        )

    def show_notes(self) -> None:
        """Show what the folder has to say, each sentence once."""
        for note in self.folder.take_notes():
            self.display.note(note)

    def observe(self, hook: str, **arguments: Any) -> None:
        """Call the observers; one that raises is reported once and disabled."""
        self._observers.call(hook, **arguments)
        for problem in self.registry.plugins.take_new_problems():
            self.display.note(str(problem))

    def _take_reusable(self) -> None:
        """Take what other runs have of the trials that have to run, where that is asked for."""
        if self.options.reuse:
            for sentence in self._reuse.take(self.plan, self.pending(self.plan)):
                self.display.note(sentence)
            self.show_notes()

    def _enter(self, stage: Plan) -> None:
        """Continue with a stage of the plan, which includes the earlier ones."""
        self.stage = stage
        self.trials = {trial.trial_id: trial for trial in stage.all_trials}
        self.folder.extend(stage.record)
        self._record_vetoes()

    def _record_vetoes(self) -> None:
        """Record the vetoed trials with their reasons, each once."""
        known = {record.trial_id: record.message for record in self.folder.records if record.status == "vetoed"}
        for veto in self.stage.vetoes:
            for seed in self.stage.seeds:
                trial = replace(veto.variant.trial, seed=seed)
                if known.get(trial.trial_id) != veto.reason:
                    record = TrialRecord(trial=trial, status="vetoed", message=veto.reason)
                    self.folder.add(record.with_provenance(self.provenance_id))

    def _all_decided(self) -> bool:
        """Carry out the stage's interim analysis, if one is planned; return whether every verdict is decided."""
        if not self.stage.interim_analyses:
            return False
        self.folder.extend(self.stage.record)  # with the target that the stage's trials set
        judged = self.folder.judge()
        verdicts = [c.verdict for family in judged.families or judged.simple_effects for c in family.comparisons]
        seeds = len(self.stage.seeds)
        lost = len(judged.race.given_up)
        facts = {"seeds": seeds, "verdicts": verdicts, "decided": judged.decided}
        self.folder.add_interim_analysis(facts | ({"given_up": lost} if lost else {}))
        self.display.note(f"Interim analysis at {seeds} seeds: {judged.race.state(len(verdicts), len(self.labels))}.")
        self._finished = judged.race.seeds_of_finished
        return judged.race.complete if judged.race.planned else judged.decided

    def _train(self, trials: Sequence[Trial], executor: "ExecutorProtocol", stop: threading.Event) -> None:
        """Run the trials that no other process runs, and wait for those that one does."""
        queue = self._units.longest_first(trials)
        self.display.started(trials, len(self.trials) - len(trials))
        try:
            while ((left := self._left(queue)) or self._execution.waiting) and not stop.is_set():
                units = self._units.give(self._claim(left), self.stage.diagnostics, executor, len(left))
                ran = self._execution.run(executor, units, stop)
                if not ran and self._wait_for_others(left):
                    stop.wait(_POLL_SECONDS)
            self._show_others()
        finally:
            discard_checkpoints(self.folder.path, self._done_with())
            remove_empty_folder(self.folder.path)
            self.display.close()

    def _done_with(self) -> frozenset[str]:
        """Return the completed trials, of earlier sessions too, except those that a session computes again."""
        state = self.folder.state
        again = self._to_run.union(*(peer.claimed for peer in active_peers(self.folder.path)))
        return state.completed - (again - state.finished_this_session)

    def _left(self, trials: Sequence[Trial]) -> list[Trial]:
        done = self.folder.state.finished_this_session | self._claimed
        return [trial for trial in trials if trial.trial_id not in done]

    def _claim(self, trials: Sequence[Trial]) -> Iterator[Trial]:
        """Yield each trial as it is asked for, unless another process has claimed it by then."""
        for trial in trials:
            if self.folder.claim(trial.trial_id):
                self._claimed.add(trial.trial_id)
                yield trial

    def _wait_for_others(self, trials: Sequence[Trial]) -> bool:
        """Return whether other processes still run some of the trials, and show which processes, each once."""
        others = self.folder.running_elsewhere([trial.trial_id for trial in trials])
        for peer, count in Counter(map(str, others.values())).items():
            if peer not in self._peers:
                self._peers.add(peer)
                self.display.note(f"Waiting for {count} trial{'s' * (count != 1)} that {peer} runs in the same folder.")
        self._show_others()
        return bool(others)

    def _show_others(self) -> None:
        """Show the trials that other processes have finished."""
        for record in self.folder.take_new_records():
            known = self._claimed | self._shown | self._reuse.taken
            if record.trial_id in self.trials and record.trial_id not in known:
                self._shown.add(record.trial_id)
                self.elsewhere += 1
                self.display.trial_finished(TrialFinished(record=record), self._label(record.trial_id))

    def _handle(self, event: Event) -> None:
        """Process one event of an executor that counts."""
        self._check_folder()
        match event:
            case TrialStarted():
                self.display.trial_started(event, self._label(event.trial_id))
            case EpochFinished():
                self.observe("dlbench_epoch_finished", trial=self.trials[event.trial_id], metrics=event.metrics)
                self.display.epoch_finished(event, self._label(event.trial_id))
            case TrialNoted() if event.of_plan or event.of_variant:
                self._note_once(event.text if event.of_plan else f"{self._label(event.trial_id)}: {event.text}.")
            case TrialNoted():
                text = f"{self._name(self.trials[event.trial_id])}: {event.text}."
                self.display.note(text)
                if self.folder.has_finished(event.trial_id):  # something of it could not be kept
                    self.folder.keep_note(text)
            case ArtifactSaved():
                keep(event, self.folder.path, self.display.note)
            case TrialFinished():
                self._keep(self._nodes.attribute(event))

    def _check_folder(self) -> None:
        """Raise DlbenchError soon after the folder was moved or removed; nothing more would be kept."""
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + _CHECK_SECONDS
            self.folder.check_joined()

    def _keep(self, record: TrialRecord) -> None:
        self.folder.add(record)
        self._units.learn(record)
        if record.status in COMPLETED:
            discard_checkpoints(self.folder.path, [record.trial_id])
        self.computed.add(record.trial_id)
        if record.status == "done" and record.message:
            self._note_once(f"{self._label(record.trial_id)}: {record.message}")
        self._show_others()
        self.observe("dlbench_trial_finished", record=record)
        self.display.trial_finished(TrialFinished(record=record), self._label(record.trial_id))

    def _note_once(self, text: str) -> None:
        if text and text not in self._messages:
            self._messages.add(text)
            self.display.note(text)

    def _name(self, trial: Trial) -> str:
        return f"{self._label(trial.trial_id)} seed {trial.seed}"

    def _label(self, trial_id: str) -> str:
        return self.labels[self.trials[trial_id].variant_id]
