"""A session while it runs: events come in, records go to the folder, observers and the display hear of both."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlbench.analysis.verdicts import judge_run
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.checkpoint_files import FOLDER as CHECKPOINTS
from dlbench.runs.checkpoint_files import discard_checkpoints, remove_empty_folder
from dlbench.runs.folder import RunFolder
from dlbench.runs.timing import longest_first
from dlbench.sessions.options import Display, Options, Outcome
from dlbench.sessions.resume import ReuseRequirements, reusable
from dlbench.trials.events import EpochFinished, Event, TrialFinished, TrialNoted, TrialStarted
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, TrialRecord
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.executors.local import LocalExecutor


#: Seconds between two looks at what other processes have done.
_PATIENCE = 0.3


class LiveSession:
    """The running part: events come in, records go to the folder, observers and the display hear of both."""

    def __init__(self, plan: Plan, folder: RunFolder, registry: Registry, display: Display, provenance_id: str) -> None:
        self.folder = folder
        self.registry = registry
        self.display = display
        self.provenance_id = provenance_id
        self.labels = {variant.trial.variant_id: variant.label for variant in plan.variants}
        self.computed = self.elsewhere = 0
        self.reused: set[str] = set()
        self.plan = plan
        self.trials: dict[str, Trial] = {}
        self._said: set[str] = set()
        self._claimed: set[str] = set()
        self._told: set[str] = set()

    def enter(self, plan: Plan) -> None:
        """Go on to a stage of the plan, which holds the earlier ones."""
        self.plan = plan
        self.trials = {trial.trial_id: trial for trial in plan.trials}
        self.folder.extend(plan.to_json())
        self.keep_vetoes()

    def settled(self) -> bool:
        """Look at the results so far, where that was planned, and tell whether every verdict is decided."""
        if not self.plan.looks:
            return False
        judged = judge_run(self.folder.records, self.plan.to_json())
        verdicts = [c.verdict for family in judged.families or judged.held for c in family.comparisons]
        look = {"seeds": len(self.plan.seeds), "verdicts": verdicts, "decided": judged.decided}
        self.folder.note_look(look)
        more = "all verdicts are decided" if judged.decided else "not all verdicts are decided"
        self.display.note(f"Look at {look['seeds']} seeds: {more}.")
        return judged.decided

    def train(
        self, missing: Sequence[Trial], executor: "LocalExecutor", options: Options, stop: threading.Event
    ) -> None:
        """Run the missing trials that no other process runs, and wait for those that one does."""
        queue = longest_first(missing, self.folder.path.parent)
        self.display.started(missing, len(self.trials) - len(missing))
        try:
            while (left := self._left(queue)) and not stop.is_set():
                units = self._claim(left, options)
                if first := next(units, None):
                    executor.run(itertools.chain([first], units), self.handle, stop)
                elif self._wait_for_others(left):
                    stop.wait(_PATIENCE)
            self._tell_of_others()
        finally:
            discard_checkpoints(self.folder.path, self.folder.answered)  # of earlier sessions' trials too
            remove_empty_folder(self.folder.path)
            self.display.close()

    def _left(self, trials: Sequence[Trial]) -> list[Trial]:
        through = self.folder.came | self._claimed
        return [trial for trial in trials if trial.trial_id not in through]

    def _claim(self, trials: Sequence[Trial], options: Options) -> Iterator[WorkUnit]:
        """Yield a unit for each trial as it is asked for, unless another process has taken it by then."""
        run = self.folder.path.absolute()  # workers have a working directory of their own
        kept = frozenset() if options.step_losses else self.folder.answered - self.folder.without_steps
        for trial in trials:
            if self.folder.claim(trial.trial_id):
                self._claimed.add(trial.trial_id)
                yield WorkUnit(
                    trials=(trial,),
                    weights_folder=str(run / "weights") if options.save_weights else "",
                    keep_steps=options.step_losses or trial.trial_id in kept,  # a record made again loses nothing
                    diagnostics=self.plan.diagnostics,
                    checkpoint_folder=str(run / CHECKPOINTS) if options.checkpoint_every else "",
                    checkpoint_every=options.checkpoint_every,
                    provenance_id=self.provenance_id,
                )

    def _wait_for_others(self, trials: Sequence[Trial]) -> bool:
        """Tell whether others run some of the trials still, and who, once each."""
        others = self.folder.elsewhere([trial.trial_id for trial in trials])
        for peer in {str(peer) for peer in others.values()} - self._told:
            self._told.add(peer)
            count = sum(str(each) == peer for each in others.values())
            self.display.note(f"Waiting for {count} trial{'s' * (count != 1)} that {peer} runs in the same folder.")
        self._tell_of_others()
        return bool(others)

    def _tell_of_others(self) -> None:
        """Show the trials that other processes have ended."""
        for record in self.folder.news():
            known = self._claimed | self._told | self.reused
            if record.trial_id not in self.trials or record.trial_id in known:
                continue
            self._told.add(record.trial_id)
            self.elsewhere += 1
            self.display.trial_finished(TrialFinished(record=record), self._label(record.trial_id))

    def reuse(self, missing: Sequence[Trial], options: Options, provenance: Mapping[str, Any]) -> None:
        """Take trials over that other runs beside this one have, under equal conditions and with all that is asked."""
        counts: dict[str, int] = {}
        wanted = ReuseRequirements(
            steps=options.step_losses, weights=options.save_weights, diagnostics=self.plan.diagnostics
        )
        for found in reusable(missing, self.folder.path, provenance, wanted):
            if options.save_weights:
                self.folder.take_weights(found.weights)
            self.folder.add(found.record.with_provenance(self.provenance_id))
            self.reused.add(found.record.trial_id)
            counts[found.run.name] = counts.get(found.run.name, 0) + 1
        for run, count in counts.items():
            self.display.note(f"{count} trial{'s' * (count != 1)} taken from {run}, of the same versions.")
        if counts:
            self.folder.note_session(reused=counts)

    def handle(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case TrialStarted():
                self.display.trial_started(event, self._label(event.trial_id))
            case EpochFinished():
                self.observe("dlbench_epoch_finished", trial=self.trials[event.trial_id], metrics=event.metrics)
                self.display.epoch_finished(event, self._label(event.trial_id))
            case TrialNoted():
                seed = self.trials[event.trial_id].seed
                self.display.note(f"{self._label(event.trial_id)} seed {seed}: {event.text}.")
            case TrialFinished():
                self._keep(event.record.with_provenance(self.provenance_id))

    def _keep(self, record: TrialRecord) -> None:
        self.folder.add(record)
        if record.status in COMPLETED:
            discard_checkpoints(self.folder.path, [record.trial_id])
        self.computed += 1
        if record.status == "done" and record.message not in ("", *self._said):
            self._said.add(record.message)
            self.display.note(f"{self._label(record.trial_id)}: {record.message}")
        self._tell_of_others()
        self.observe("dlbench_trial_finished", record=record)
        self.display.trial_finished(TrialFinished(record=record), self._label(record.trial_id))

    def _label(self, trial_id: str) -> str:
        return self.labels[self.trials[trial_id].variant_id]

    def keep_vetoes(self) -> None:
        """Record the vetoed trials with their reasons, each once."""
        known = {record.trial_id: record.message for record in self.folder.records if record.status == "vetoed"}
        for veto in self.plan.vetoes:
            for seed in self.plan.seeds:
                trial = replace(veto.variant.trial, seed=seed)
                if known.get(trial.trial_id) != veto.reason:
                    record = TrialRecord(trial=trial, status="vetoed", message=veto.reason)
                    self.folder.add(record.with_provenance(self.provenance_id))

    def observe(self, hook: str, **arguments: Any) -> None:
        """Call the observers; one that raises is named once and left out."""
        for _ in self.registry.plugins.call(hook, **arguments):
            pass
        for problem in self.registry.plugins.news():
            self.display.note(str(problem))

    def outcome(self, interrupted: bool) -> Outcome:
        """Return what the session leaves."""
        records = tuple(record for record in self.folder.records if record.trial_id in self.trials)
        return Outcome(
            folder=self.folder.path,
            plan=self.plan,
            records=records,
            computed=self.computed,
            interrupted=interrupted,
            reused=len(self.reused & {record.trial_id for record in records}),
            elsewhere=self.elsewhere,
        )
