"""One session: plan, make ready, run what is missing, keep every record. The command line and the API end here."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dlbench.conditions import plugins_used, stale_trials
from dlbench.config import Config, default_data_dir
from dlbench.errors import DlbenchError
from dlbench.plan import Plan, Request
from dlbench.planning import build, resolve
from dlbench.readying import Readying, data_folder
from dlbench.registry import Registry
from dlbench.results.checkpoints import FOLDER as CHECKPOINTS
from dlbench.results.checkpoints import discard_checkpoints, remove_empty_folder
from dlbench.results.criteria import asked_criteria
from dlbench.results.folder import RunFolder
from dlbench.results.history import longest_first
from dlbench.results.judging import judge_run
from dlbench.results.locations import new_run_path, results_root
from dlbench.results.manifest import provenance, provenance_id
from dlbench.resuming import Wanted, check_fresh, forced_trials, reusable
from dlbench.syntax import parse_reference
from dlbench.trial import (
    ANSWERED,
    EpochFinished,
    Event,
    Trial,
    TrialFinished,
    TrialNoted,
    TrialRecord,
    TrialStarted,
    WorkUnit,
)
from dlbench.watch import NOTHING, Watch
from dlbench.watching import read_watch

if TYPE_CHECKING:
    from dlbench.executors.local import LocalExecutor


#: Seconds between two looks at what other processes have done.
_PATIENCE = 0.3


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where and how a session runs; nothing here decides a trial's numbers.

    jobs: trials at once, None for the executor's own choice. max_time: seconds of all, timeout: seconds of one trial.
    checkpoint_every: seconds between two checkpoints of a trial, 0 for none. step_losses: keep each step's loss; a
    trial that is there without them is computed again, to the same numbers. accept_old: keep results that were made
    with other versions; redo_stale: compute those again. fresh: start over, once confirm has said yes to its question.
    force: labels and trial_ids to compute again. reuse: take trials over from other run folders.
    """

    name: str = ""
    results_dir: Path | None = None
    data_dir: Path | None = None
    executor: str = "local"
    jobs: int | None = None
    max_time: float | None = None
    timeout: float | None = None
    checkpoint_every: float = 60.0
    save_weights: bool = False
    step_losses: bool = False
    accept_old: bool = False
    redo_stale: bool = False
    fresh: bool = False
    force: Sequence[str] = ()
    reuse: bool = False
    confirm: Callable[[str], bool] = lambda question: True
    command: Sequence[str] = ()


class Display(Protocol):
    """What a session tells while it runs."""

    def note(self, text: str) -> None:
        """Say one sentence."""

    def started(self, trials: Sequence[Trial], before: int = 0) -> None:
        """Begin: the trials that will run now, and how many of the plan are there already."""

    def trial_started(self, event: TrialStarted, label: str) -> None:
        """Show that a trial runs."""

    def epoch_finished(self, event: EpochFinished, label: str) -> None:
        """Show one epoch of a trial."""

    def trial_finished(self, event: TrialFinished, label: str) -> None:
        """Show the end of a trial."""

    def close(self) -> None:
        """End, whatever happened."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a session leaves. records: those of the plan's trials, computed now or before. interrupted: not all ran.

    computed: how many here and now; reused: taken from other runs; elsewhere: by other processes meanwhile.
    """

    folder: Path
    plan: Plan
    records: tuple[TrialRecord, ...]
    computed: int
    interrupted: bool
    reused: int = 0
    elsewhere: int = 0

    @property
    def exit_code(self) -> int:
        """Return the command's exit code: 0 all answered, 1 some failed, 130 interrupted."""
        if self.interrupted:
            return 130
        return 0 if all(record.status in ANSWERED for record in self.records) else 1


def run(
    request: Request,
    options: Options,
    registry: Registry,
    config: Config,
    display: Display,
    stop: threading.Event,
) -> Outcome:
    """Run a comparison: whatever its folder does not hold yet. Errors of the request are raised before any writing."""
    plan = build(request, registry, config.settings)
    asked_criteria(request.judging, plan.to_json())  # what cannot be judged is said before anything is prepared
    path = run_folder_path(plan, options, config)
    if options.fresh and (question := check_fresh(path)) and not options.confirm(question):
        raise DlbenchError(f"Nothing was done: {path} stays as it is.")
    data_dir = data_folder(options.data_dir, config.data_dir, default_data_dir)
    with Readying(registry, data_dir, stop, display.note) as readying:
        plan = resolve(plan, registry, readying.complete)
        hardware = {"gpu": readying.machine().device_name}
    folder = RunFolder(path, fresh=options.fresh)
    for warning in folder.warnings:
        display.note(warning)
    plan = _fix_judging(_with_watch_of(folder, plan, registry, display), request, folder)
    surroundings = provenance(plugins_used(plan, registry), hardware)
    forced = forced_trials(options.force, plan)

    def missing(stage: Plan) -> list[Trial]:
        stale = stale_trials(folder, stage, surroundings, accept=options.accept_old, redo=options.redo_stale)
        again = stale | forced | (folder.without_steps if options.step_losses else frozenset())
        there = (folder.answered - again - folder.unwatched(stage.watch)) | folder.came
        return [trial for trial in stage.trials if trial.trial_id not in there]

    executor = _executor(options, registry, data_dir) if missing(plan) else None
    stages = plan.stages
    session = _Session(stages[0], folder, registry, display, provenance_id(surroundings))
    with folder, _time_limit(options.max_time, stop):
        manifest = folder.start(stages[0].to_json(), options.command, surroundings, mixed=options.accept_old)
        for note in folder.notes:
            display.note(note)
        if options.reuse:
            session.reuse([trial for trial in missing(plan) if trial.trial_id not in forced], options, surroundings)
        session.observe("dlbench_run_started", manifest=manifest)
        interrupted = _run_stages(session, stages, missing, executor, options, stop)
    session.observe("dlbench_run_finished", folder=path)
    return session.outcome(interrupted)


def _run_stages(
    session: "_Session",
    stages: Sequence[Plan],
    missing: Callable[[Plan], list[Trial]],
    executor: "LocalExecutor | None",
    options: Options,
    stop: threading.Event,
) -> bool:
    """Run a plan as far as each of its looks, until every verdict is decided; tell whether it was cut short."""
    for stage in stages:
        session.enter(stage)
        if executor and (trials := missing(stage)):
            session.train(trials, executor, options, stop)
        if stop.is_set() and missing(stage):
            return True  # half a stage is nothing to look at
        if session.settled():
            return False
        if stop.is_set():
            return stage is not stages[-1]
    return False


def _with_watch_of(folder: RunFolder, plan: Plan, registry: Registry, display: Display) -> Plan:
    """Watch what the folder's trials are watched by too, so that every pair is complete; say what runs again for it."""
    before = Watch.from_json(folder.manifest.plan.get("watch") if folder.manifest else None)
    try:
        read_watch(before.diagnostics, registry)
    except DlbenchError as error:  # its plugin is not there any more
        display.note(f"The folder's diagnostics are not measured any more: {error.message}")
        before = NOTHING
    plan = replace(plan, watch=before.joined(plan.watch))
    again = folder.unwatched(plan.watch) & {trial.trial_id for trial in plan.trials}
    if again:
        trials = f"{len(again)} trial{'s' * (len(again) != 1)}"
        display.note(f"{trials} of the folder lack some of the diagnostics: computed again, to the same numbers.")
    return plan


def _fix_judging(plan: Plan, request: Request, folder: RunFolder) -> Plan:
    """Fix how the plan will be judged: as its folder has it already or, for a new one, as was asked."""
    before = folder.manifest.plan if folder.manifest else None
    criteria = asked_criteria({} if before else request.judging, before or plan.to_json())
    if plan.looks and criteria.looks not in ((), plan.looks):
        raise DlbenchError(
            f"The folder looks at its results at {_numbers(criteria.looks)} seeds, not at {_numbers(plan.looks)}: "
            "looks are fixed before running.",
            "Repeat the command that made it, or choose another --name.",
        )
    criteria = replace(criteria, looks=plan.looks or criteria.looks)
    known = any(variant.label == criteria.baseline for variant in plan.variants)
    if plan.noise_floor and not known:
        raise DlbenchError(
            f"The noise floor of this folder is that of {criteria.baseline}, which is not among the variants.",
            f"Add {criteria.baseline}, or choose another --name.",
        )
    return replace(plan, baseline=criteria.baseline if known else "", judging=criteria.to_json())


def _numbers(looks: Sequence[int]) -> str:
    return ", ".join(map(str, looks))


@contextlib.contextmanager
def _time_limit(seconds: float | None, stop: threading.Event) -> Iterator[None]:
    """Set `stop` after some seconds: a time limit ends like an interrupt."""
    timer = threading.Timer(seconds, stop.set) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()


def run_folder_path(plan: Plan, options: Options, config: Config) -> Path:
    """Return the run folder of a plan: the name given, or the plan's own."""
    root = results_root(options.results_dir, config.results_dir)
    return new_run_path(options.name or plan.name, root)


def _executor(options: Options, registry: Registry, data_dir: Path) -> "LocalExecutor":
    """Build the chosen executor; the session's jobs and data folder are its defaults where it declares them."""
    from pkgutil import resolve_name

    reference = parse_reference(options.executor)
    record = registry.get("executors", reference.name).record
    given = registry.select("executors", reference).parameters
    if options.timeout and "timeout" not in record.parameters:
        raise DlbenchError(f"The executor {reference.name} knows no --timeout.", "Leave it out, or use --max-time.")
    ours = {"jobs": options.jobs, "data_dir": str(data_dir), "timeout": options.timeout}
    defaults = {key: value for key, value in ours.items() if key in record.parameters and given[key] is None}
    made: LocalExecutor = resolve_name(record.factory)(**{**given, **defaults})
    return made


class _Session:
    """The running part: events come in, records go to the folder, observers and the display hear of both."""

    def __init__(self, plan: Plan, folder: RunFolder, registry: Registry, display: Display, provenance: str) -> None:
        self.folder = folder
        self.registry = registry
        self.display = display
        self.provenance = provenance
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
                    watch=self.plan.watch,
                    checkpoint_folder=str(run / CHECKPOINTS) if options.checkpoint_every else "",
                    checkpoint_every=options.checkpoint_every,
                    provenance_id=self.provenance,
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
        came = self.folder.came - self._claimed - self._told - self.reused
        for record in [record for record in self.folder.records if record.trial_id in came & self.trials.keys()]:
            self._told.add(record.trial_id)
            self.elsewhere += 1
            self.display.trial_finished(TrialFinished(record=record), self._label(record.trial_id))

    def reuse(self, missing: Sequence[Trial], options: Options, surroundings: Mapping[str, Any]) -> None:
        """Take trials over that other runs beside this one have, under equal conditions and with all that is asked."""
        counts: dict[str, int] = {}
        wanted = Wanted(steps=options.step_losses, weights=options.save_weights, watch=self.plan.watch)
        for found in reusable(missing, self.folder.path, surroundings, wanted):
            if options.save_weights:
                self.folder.take_weights(found.weights)
            self.folder.add(found.record.with_provenance(self.provenance))
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
                self.display.note(f"{self._label(event.trial_id)} seed {seed} {event.text}.")
            case TrialFinished():
                self._keep(event.record.with_provenance(self.provenance))

    def _keep(self, record: TrialRecord) -> None:
        self.folder.add(record)
        if record.status in ANSWERED:
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
                    self.folder.add(record.with_provenance(self.provenance))

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
