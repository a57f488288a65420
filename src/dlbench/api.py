"""The Python interface: what the commands do, as functions and frames."""

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.components.syntax import format_value, split_assignments
from dlbench.plans.config import load_config
from dlbench.plans.plan import Request
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import results_root, run_path
from dlbench.sessions.options import Options, Outcome
from dlbench.sessions.run import run
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.events import Emit
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """A run folder as frames. records: every trial's last record. judging: what is asked of verdicts, as in compare."""

    path: Path
    plan: PlanRecord
    records: tuple[TrialRecord, ...]
    judging: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trials(self) -> "pd.DataFrame":
        """Return trials.csv: a row a trial."""
        from dlbench.runs.frames import trials_frame

        return trials_frame(self.records, self.plan)

    @property
    def epochs(self) -> "pd.DataFrame":
        """Return epochs.csv: a row a trial and epoch."""
        from dlbench.runs.frames import epochs_frame

        return epochs_frame(self.records)

    @property
    def diagnostics(self) -> "pd.DataFrame":
        """Return diagnostics.csv: a row a trial, epoch, layer and value; without rows where nothing was measured."""
        from dlbench.runs.frames import diagnostics_frame

        return diagnostics_frame(self.records)

    @property
    def comparison(self) -> "pd.DataFrame":
        """Return the columns of comparison.csv: a row a difference, with its interval, p and verdict."""
        from dlbench.analysis.verdicts import judge_run
        from dlbench.runs.frames import frame

        return frame(*judge_run(self.records, self.plan, self.judging).table())

    @property
    def summary(self) -> "pd.DataFrame":
        """Return a row a variant: n, and mean, standard deviation and range of each metric."""
        from dlbench.analysis.summary import summarise
        from dlbench.runs.frames import summary_frame

        return summary_frame(summarise(self.records, self.plan))


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
    name: str = "",
    results_dir: str | Path | None = None,
    data_dir: str | Path | None = None,
    executor: str = "local",
    jobs: int | None = None,
    max_time: float | None = None,
    timeout: float | None = None,
    checkpoint_every: float = 60,
    save_weights: bool = False,
    step_losses: bool = False,
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
    seeds: how many, or "auto:7..30"; seed: which. margin: in points for accuracies. diagnostics:
    "saturation,first,last", or a list of such. fresh: start over, the folder that is there set aside without asking.
    Raises DlbenchError as the command exits with 2; failed trials do not raise.
    """
    from dlbench.report.terminal.progress import Progress

    wanted = seed if seed is None or not isinstance(seed, int) else [seed]
    chosen = AutoSeeds.parse(seeds) if isinstance(seeds, str) else seeds
    asked = {"baseline": baseline, "metric": metric, "margin": margin, "alpha": alpha, "all_pairs": all_pairs}
    judging = {key: value for key, value in asked.items() if value is not None}
    request = Request(
        values={axis: _texts(value) for axis, value in axes.items()},
        variants=[_assignments(variant) for variant in variants],
        seeds=wanted if wanted is not None else chosen,
        judging=judging,
        noise_floor=noise_floor,
        diagnostics=(diagnostics,) if isinstance(diagnostics, str) else tuple(diagnostics),
    )
    options = Options(
        name=name,
        results_dir=Path(results_dir) if results_dir else None,
        data_dir=Path(data_dir) if data_dir else None,
        executor=executor,
        jobs=jobs,
        max_time=max_time,
        timeout=timeout,
        checkpoint_every=checkpoint_every,
        save_weights=save_weights,
        step_losses=step_losses,
        accept_old=accept_old,
        redo_stale=redo_stale,
        fresh=fresh,
        force=[force] if isinstance(force, str) else force,
        reuse=reuse,
        command=[sys.argv[0] or "python", "dlbench.compare"],
    )
    with Progress(quiet=not progress) as display:
        outcome: Outcome = run(request, options, Registry.load(), load_config(Path.cwd()), display, threading.Event())
    return Comparison(outcome.folder, outcome.run.plan, outcome.run.records, judging)


def load_results(path: str | Path) -> Comparison:
    """Read a run folder: a path, or a run's name below the results folder."""
    config = load_config(Path.cwd())
    found = path if isinstance(path, Path) else run_path(path, results_root(None, config.results_dir))
    folder = RunFolder(found)
    return Comparison(folder.path, folder.plan, folder.records)


def run_unit(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None) -> None:
    """Train every trial of a work unit here, in this process; for executors that bring their own workers.

    stop: once it is set, the training under way leaves a checkpoint where the unit has a folder for them, and ends.
    """
    from dlbench.engine.work_unit import run_unit as run_here

    run_here(unit, data_dir, emit, stop)


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(item if isinstance(item, str) else format_value(item) for item in items)


def _assignments(variant: str | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(variant, str):
        return split_assignments(variant)
    return {name: text for name, value in variant.items() for text in _texts(value)}
