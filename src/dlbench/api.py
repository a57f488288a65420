"""The Python interface: what the commands do, as functions and frames."""

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.components.syntax import format_value, split_assignments
from dlbench.files import at_home
from dlbench.plans.config import load_config
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan import Request
from dlbench.plans.plan_record import PlanRecord
from dlbench.plans.spelling import canonical
from dlbench.plans.tuning import Tune
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import results_root, run_path
from dlbench.sessions.options import Options
from dlbench.sessions.run import run
from dlbench.statistics.seeds import Seeds, Test, named_seeds
from dlbench.trials.events import Emit
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """A run folder as frames.

    path: the run folder.
    plan: the plan as the manifest has it.
    records: the last record of each trial: of a comparison, those of its plan; of results, all in the folder.
    judging: the criteria that were asked for instead of the plan's, by the keywords of compare.
    """

    path: Path
    plan: PlanRecord
    records: tuple[TrialRecord, ...]
    judging: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trials(self) -> "pd.DataFrame":
        """Return trials.csv: one row per trial."""
        from dlbench.runs.frames import trials_frame

        return trials_frame(self.records, self.plan)

    @property
    def epochs(self) -> "pd.DataFrame":
        """Return epochs.csv: one row per trial and epoch."""
        from dlbench.runs.frames import epochs_frame

        return epochs_frame(self.records)

    @property
    def diagnostics(self) -> "pd.DataFrame":
        """Return diagnostics.csv: one row per trial, epoch, layer and value; no rows if nothing was measured."""
        from dlbench.runs.frames import diagnostics_frame

        return diagnostics_frame(self.records)

    @property
    def comparison(self) -> "pd.DataFrame":
        """Return the columns of comparison.csv: one row per difference, with its interval, p and verdict."""
        from dlbench.analysis.verdicts import judge_run
        from dlbench.runs.frames import frame

        return frame(*judge_run(self.records, self.plan, self.judging).table())

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return a sentence for each verdict; each can be quoted alone."""
        from dlbench.analysis.verdicts import judge_run

        judged = judge_run(self.records, self.plan, self.judging)
        over_all = judged.across.sentences if judged.across else ()
        return (*dict.fromkeys(text for family in judged.all_families for text in family.sentences), *over_all)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    @property
    def data_sets(self) -> "pd.DataFrame":
        """Return one row per variant over several data sets: mean rank, interquartile mean, shares near the best."""
        from dlbench.analysis.across_datasets import COLUMNS
        from dlbench.analysis.verdicts import judge_run
        from dlbench.runs.frames import frame

        across = judge_run(self.records, self.plan, self.judging).across
        return frame(*across.table()) if across else frame(COLUMNS, ())

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what could not be judged, and warnings about variants."""
        from dlbench.analysis.verdicts import judge_run

        return judge_run(self.records, self.plan, self.judging).notes

    @property
    def summary(self) -> "pd.DataFrame":
        """Return one row per variant: n, and mean, standard deviation and range of each metric."""
        from dlbench.analysis.summary import summarize
        from dlbench.runs.frames import summary_frame

        return summary_frame(summarize(self.records, self.plan))


def compare(
    *,
    seeds: int | str | None = None,
    seed: int | Sequence[int] | None = None,
    variants: Sequence[str | Mapping[str, Any]] = (),
    noise_floor: bool = False,
    diagnostics: str | Sequence[str] = (),
    baseline: str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    alpha: float | None = None,
    all_pairs: bool | None = None,
    alpha_study: bool | None = None,
    test: Test | None = None,
    tune: str | Sequence[str] | Mapping[str, str] = (),
    budget: int | str = "",
    studies: int = 0,
    tuning_seeds: int = 1,
    tune_design: str = "sobol",
    name: str = "",
    results_dir: str | Path | None = None,
    data_dir: str | Path | None = None,
    executor: str | None = None,
    jobs: int | None = None,
    max_time: float | None = None,
    timeout: float | None = None,
    checkpoint_every: float | None = None,
    save_weights: bool | None = None,
    step_losses: bool | None = None,
    accept_old: bool = False,
    redo_stale: bool = False,
    fresh: bool = False,
    force: Sequence[str] = (),
    reuse: bool = False,
    progress: bool = False,
    **axes: Any,
) -> Comparison:
    """Run a comparison as `dlbench compare` does and return its results.

    axes: components and settings by name, `activation=["relu", "tanh"], dataset="mnist"`; a list makes an axis.
    seeds: how many, or "auto:7..30".
    seed: which, instead of how many.
    diagnostics: "saturation,first,last", or a list of such.
    margin: in points for accuracies.
    tune: what is tuned for each variant first: {"learning_rate": "log:1e-4..1e-1"}, "learning-rate=log:1e-4..1e-1",
        "auto", or a list of such.
    budget: points of each variant, or a training time: "2h".
    fresh: start over; an existing folder is moved aside without asking.
    The other keywords are the options of the command; None stands for the default of dlbench.toml, else dlbench's.
    Raises DlbenchError where the command exits with 2; failed trials do not raise.
    """
    given = locals()
    from dlbench.report.terminal.progress import Progress

    judging = {option: given[option] for option in _declared(Criteria) if given[option] is not None}
    request = Request(
        values={axis: _texts(value) for axis, value in axes.items()},
        variants=[_assignments(variant) for variant in variants],
        seeds=_seeds(seeds, seed),
        judging=judging,
        noise_floor=noise_floor,
        diagnostics=(diagnostics,) if isinstance(diagnostics, str) else tuple(diagnostics),
        tune=Tune(ranges=_ranges(tune), budget=str(budget), studies=studies, seeds=tuning_seeds, design=tune_design)
        if tune
        else None,
    )
    registry = Registry.load()
    request = canonical(request, registry)
    options = _options({option: given[option] for option in _declared(Options)})
    with Progress(quiet=not progress) as display:
        outcome = run(request, options, registry, load_config(Path.cwd()), display, threading.Event())
    return Comparison(outcome.folder, outcome.run.plan, outcome.run.planned, request.judging)


def load_results(path: str | Path) -> Comparison:
    """Return the results of a run: its folder's path, or its name in the results folder."""
    config = load_config(Path.cwd())
    found = path if isinstance(path, Path) else run_path(path, results_root(None, config.results_dir))
    folder = RunFolder(found)
    return Comparison(folder.path, folder.plan, folder.records)


def run_unit(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None) -> None:
    """Train every trial of a work unit in this process; for executors with workers of their own.

    stop: once it is set, the training writes a checkpoint, if the unit has a folder for them, and ends.
    """
    from dlbench.engine.work_unit import run_unit as run_here

    run_here(unit, data_dir, emit, stop)


def run_guarded(
    unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None, *, timeout: float | None = None
) -> None:
    """Train every trial of a work unit as the local executor does, each in a worker process of this one.

    For executors that run this on machines of their own. What a trial prints is kept in its record; one that crashes,
    runs out of memory, prints without end or takes longer than `timeout` seconds ends as such and costs no other.
    Events are emitted in the thread that called. stop: once it is set, the training writes a checkpoint and ends.
    """
    from dlbench.executors.guarded import run_guarded as run_here

    run_here(unit, data_dir, emit, stop, timeout=timeout)


def _declared(record: type) -> list[str]:
    """Return the fields of a record that are keywords: the options of the commands."""
    return [each.name for each in fields(record) if each.metadata]


def _options(given: Mapping[str, Any]) -> Options:
    said = {name: value for name, value in given.items() if value not in (None, "")}
    said |= {name: at_home(said[name]) for name in ("results_dir", "data_dir") if name in said}
    said["force"] = [given["force"]] if isinstance(given["force"], str) else given["force"]
    return Options(**said, command=[sys.argv[0] or "python", "dlbench.compare"], given=frozenset(said))


def _seeds(seeds: int | str | None, seed: int | Sequence[int] | None) -> Seeds:
    if seed is not None:
        return [seed] if isinstance(seed, int) else seed
    return named_seeds(seeds) if isinstance(seeds, str) else seeds


def _ranges(tune: str | Sequence[str] | Mapping[str, str]) -> tuple[str, ...]:
    if isinstance(tune, Mapping):
        return tuple(f"{name}={text}" for name, text in tune.items())
    return (tune,) if isinstance(tune, str) else tuple(tune)


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(item if isinstance(item, str) else format_value(item) for item in items)


def _assignments(variant: str | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(variant, str):
        return split_assignments(variant)
    return {name: text for name, value in variant.items() for text in _texts(value)}
