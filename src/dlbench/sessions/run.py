"""One session: plan, make ready, run what is missing, keep every record. The command line and the API end here."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.analysis.criteria import asked_criteria
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plans.build import build, resolve
from dlbench.plans.config import Config, default_data_dir
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plans.plan import Plan, Request
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import new_run_path, results_root
from dlbench.runs.provenance import collect_provenance, provenance_id
from dlbench.sessions.live import LiveSession
from dlbench.sessions.options import Display, Options, Outcome
from dlbench.sessions.resolve import TrialResolver, data_folder
from dlbench.sessions.resume import check_fresh, forced_trials
from dlbench.sessions.staleness import plugins_used, stale_trials
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from dlbench.executors.local import LocalExecutor


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
    with TrialResolver(registry, data_dir, stop, display.note) as resolver:
        plan = resolve(plan, registry, resolver.complete)
        hardware = {"gpu": resolver.machine().device_name}
    folder = RunFolder(path, fresh=options.fresh)
    for warning in folder.warnings:
        display.note(warning)
    plan = _fix_judging(_with_watch_of(folder, plan, registry, display), request, folder)
    provenance = collect_provenance(plugins_used(plan, registry), hardware)
    forced = forced_trials(options.force, plan)

    def missing(stage: Plan) -> list[Trial]:
        stale = stale_trials(folder, stage, provenance, accept=options.accept_old, redo=options.redo_stale)
        again = stale | forced | (folder.without_steps if options.step_losses else frozenset())
        there = (folder.answered - again - folder.without_diagnostics(stage.diagnostics)) | folder.came
        return [trial for trial in stage.trials if trial.trial_id not in there]

    executor = _executor(options, registry, data_dir) if missing(plan) else None
    stages = plan.stages
    session = LiveSession(stages[0], folder, registry, display, provenance_id(provenance))
    with folder, _time_limit(options.max_time, stop):
        manifest = folder.start(stages[0].to_json(), options.command, provenance, mixed=options.accept_old)
        for note in folder.notes:
            display.note(note)
        if options.reuse:
            session.reuse([trial for trial in missing(plan) if trial.trial_id not in forced], options, provenance)
        session.observe("dlbench_run_started", manifest=manifest)
        interrupted = _run_stages(session, stages, missing, executor, options, stop)
    session.observe("dlbench_run_finished", folder=path)
    return session.outcome(interrupted)


def _run_stages(
    session: LiveSession,
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
    before = DiagnosticsPlan.from_json(folder.manifest.plan.get("watch") if folder.manifest else None)
    try:
        read_diagnostics(before.diagnostics, registry)
    except DlbenchError as error:  # its plugin is not there any more
        display.note(f"The folder's diagnostics are not measured any more: {error.message}")
        before = NO_DIAGNOSTICS
    plan = replace(plan, diagnostics=before.joined(plan.diagnostics))
    again = folder.without_diagnostics(plan.diagnostics) & {trial.trial_id for trial in plan.trials}
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
