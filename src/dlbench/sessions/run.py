"""One session: plan, resolve, run what is missing, keep every record. Used by the command line and the Python API."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.analysis.criteria import asked_criteria
from dlbench.analysis.tuned_verdicts import judge_tuned
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plans.build import build, resolve
from dlbench.plans.config import Config, default_data_dir
from dlbench.plans.history import find_question
from dlbench.plans.plan import Plan, Request
from dlbench.plugins.registry import Registry
from dlbench.plugins.source_digests import source_digests
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import new_run_path, results_root
from dlbench.runs.provenance import collect_provenance, version_changes
from dlbench.sessions.defaults import with_defaults
from dlbench.sessions.live import LiveSession
from dlbench.sessions.options import Display, Options, Outcome
from dlbench.sessions.pending import check_forced, pending
from dlbench.sessions.remote import check_nodes, described, probe, remembered
from dlbench.sessions.resolve import TrialResolver, check_paths, data_folder
from dlbench.sessions.resume import check_fresh
from dlbench.sessions.staleness import check_code, components_used, plugins_used
from dlbench.sessions.tuning import as_far_as_chosen
from dlbench.sessions.watched_display import WatchedDisplay
from dlbench.statistics.seeds import LEAST_CHANCE
from dlbench.trials.node import Node

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ExecutorFactory, ExecutorProtocol


def run(
    request: Request,
    options: Options,
    registry: Registry,
    config: Config,
    display: Display,
    stop: threading.Event,
) -> Outcome:
    """Run the trials of a comparison that its folder lacks. Errors of the request are raised before any writing."""
    request, options = with_defaults(request, options, config, registry)
    plan = build(request, registry, config.settings)
    return run_plan(plan, request.judging, options, registry, config, display, stop)


def run_plan(
    plan: Plan,
    asked: Mapping[str, Any],
    options: Options,
    registry: Registry,
    config: Config,
    display: Display,
    stop: threading.Event,
) -> Outcome:
    """Run the trials of a plan that its folder lacks; the defaults of files are in it and in the options.

    asked: the criteria that the user named. A plan that was judged before keeps its own.
    """
    criteria = asked_criteria(asked, plan.record)  # what cannot be judged is an error before anything else
    check_code(options.only_code, plan, registry)
    check_paths(plan, registry)
    options.check(plan, criteria)
    path = run_folder_path(plan, options, config)
    _confirm_fresh(path, options)
    data_dir = data_folder(options.data_dir, config.data_dir, default_data_dir)
    elsewhere = {"executor": options.executor} if options.executor != Options().executor else {}
    folder = RunFolder(path, fresh=options.fresh)
    for warning in folder.warnings:
        display.note(warning)
    resolved = functools.partial(_resolve, plan, asked, registry, data_dir, functools.cache(display.note), stop)
    with _one_executor(options, registry, data_dir) as executor:
        there = _complete_already(resolved, folder, options, elsewhere) if elsewhere else None
        plan, provenance = there or resolved(probe(executor(), components_used(plan), stop) if elsewhere else ())
        if options.mps and not any(variant.trial.settings.device == "cuda" for variant in plan.variants):
            display.note("--mps does nothing: no trial of this comparison runs on an NVIDIA GPU.")
        check_forced(options.force, plan, as_far_as_chosen(plan, folder))
        facts = {**options.facts, **provenance, **elsewhere}
        session = LiveSession(plan, folder, registry, WatchedDisplay(display, folder), options, facts)
        if session.pending(plan) and not there:
            executor()  # its errors are raised before any writing
        with folder, _time_limit(options.max_time, stop):
            session.start()
            if plan.interim_analyses:
                display.note(f"At least {len(plan.stages[0].trials):,}, at most {len(plan.trials):,} trials.")
            interrupted = session.run_stages(executor, stop)
    session.show_notes()
    session.observe("dlbench_run_finished", folder=path)
    return session.outcome(interrupted)


@contextlib.contextmanager
def _one_executor(options: Options, registry: Registry, data_dir: Path) -> "Iterator[Callable[[], ExecutorProtocol]]":
    """Yield what builds the executor, once, where it is first needed; at the end, let it let go of what it holds."""
    build = functools.cache(lambda: build_executor(options, registry, data_dir))
    try:
        yield build
    finally:
        if build.cache_info().currsize:
            getattr(build(), "close", lambda: None)()


def _confirm_fresh(path: Path, options: Options) -> None:
    """Raise DlbenchError if the user does not agree to set a folder's content aside."""
    if options.fresh and (question := check_fresh(path)) and not options.confirm(question):
        raise DlbenchError(f"Nothing was done: {path} stays as it is.")


def _resolve(
    plan: Plan,
    asked: Mapping[str, Any],
    registry: Registry,
    data_dir: Path,
    note: Callable[[str], None],
    stop: threading.Event,
    nodes: Sequence[Node],
) -> tuple[Plan, dict[str, Any]]:
    """Return the plan with what only the machines that train know and how it is judged, and the session's provenance.

    Its hardware is that of the first node, if the executor has asked them.
    """
    with TrialResolver(registry, data_dir, stop, note, nodes) as resolver:
        plan = resolve(plan, registry, functools.partial(resolver.complete, own_validation=plan.own_validation))
        plan = _fix_judging(plan, asked)
        hardware = {"gpu": resolver.machine().device_name}
    sources = source_digests(components_used(plan), registry)
    provenance = collect_provenance(plugins_used(plan, registry), hardware, sources)
    for sentence in check_nodes(nodes, provenance):
        note(sentence)
    fit = [node for node in nodes if not version_changes(provenance, node.provenance)]
    if not fit:
        return plan, provenance
    return plan, {**provenance, "hardware": fit[0].provenance["hardware"], "nodes": described(fit)}


def _complete_already(
    resolved: Callable[[Sequence[Node]], tuple[Plan, dict[str, Any]]],
    folder: RunFolder,
    options: Options,
    elsewhere: Mapping[str, Any],
) -> tuple[Plan, dict[str, Any]] | None:
    """Return a plan of which the folder lacks nothing, resolved as its nodes were: none is asked, no job waits for it.

    None where something has to run, or the nodes of earlier sessions are not known.
    """
    nodes = remembered(folder.state.sessions, options.executor)
    if not nodes:
        return None
    with contextlib.suppress(DlbenchError):  # the nodes of today may fit
        plan, provenance = resolved(nodes)
        rest = _as_far_as_decided(as_far_as_chosen(plan, folder), folder)
        if not rest.searches and not pending(rest, folder.state, options, {**options.facts, **provenance, **elsewhere}):
            return plan, provenance
    return None


def _as_far_as_decided(plan: Plan, folder: RunFolder) -> Plan:
    """Return a growing plan with the seeds to which it has grown, if that has decided everything; else the plan."""
    history = folder.manifest.history if folder.manifest else ()
    place = find_question(plan.record, history)
    if place is None or not plan.interim_analyses:
        return plan
    known = history[place].plan
    if not judge_tuned(folder.records, known).race.complete:
        return plan
    seeds = len(known.seeds)
    return replace(plan, seeds=plan.seeds[:seeds], noise_floor=plan.noise_floor[:seeds], finished=known.finished)


def _fix_judging(plan: Plan, asked: Mapping[str, Any]) -> Plan:
    """Return the plan with how it will be judged: as the command asks, whatever its folder holds."""
    criteria = asked_criteria(asked, plan.record)
    if plan.interim_analyses:
        criteria = replace(
            criteria,
            interim_analyses=plan.interim_analyses,
            spending="haybittle-peto",
            least_chance=LEAST_CHANCE,
        )
    return replace(plan, baseline=criteria.baseline, judging=criteria)


@contextlib.contextmanager
def _time_limit(seconds: float | None, stop: threading.Event) -> Iterator[None]:
    """Set `stop` after some seconds: a time limit acts like an interrupt."""
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
    """Return the run folder of a plan, by the given name or the plan's own."""
    root = results_root(options.results_dir, config.results_dir)
    return new_run_path(options.name or plan.name, root)


def build_executor(options: Options, registry: Registry, data_dir: Path) -> "ExecutorProtocol":
    """Return the chosen executor; the session's jobs, data folder, timeout and mps are defaults where it has them."""
    from pkgutil import resolve_name

    reference = parse_reference(options.executor)
    record = registry.get("executors", reference.name).record
    given = registry.select("executors", reference).parameters
    for name, instead in (("timeout", "Omit it, or use --max-time."), ("mps", "Omit it.")):
        if getattr(options, name) and name not in record.parameters:
            raise DlbenchError(f"The executor {reference.name} has no --{name}.", instead)
    ours = {"jobs": options.jobs, "data_dir": str(data_dir), "timeout": options.timeout}
    defaults = {key: value for key, value in ours.items() if key in record.parameters and given[key] is None}
    shared = {"mps": True} if options.mps else {}
    factory: ExecutorFactory = resolve_name(record.factory)
    return factory(**{**given, **defaults, **shared})
