"""`dlbench.compare`: a comparison as `dlbench compare` runs it."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dlbench.api.arguments import checked
from dlbench.api.request import read_request
from dlbench.api.results import Comparison
from dlbench.api.session import declared, session_options, show_session
from dlbench.plans.config import load_config
from dlbench.plans.spelling import canonical
from dlbench.plugins.registry import Registry
from dlbench.sessions.options import Options
from dlbench.sessions.run import run
from dlbench.statistics.seeds import Test


@checked
def compare(
    *,
    seeds: int | str | None = None,
    seed: int | Sequence[int] | None = None,
    variants: Sequence[str | Mapping[str, Any]] = (),
    noise_floor: bool = False,
    hold: str | Sequence[str] = (),
    diagnostics: str | Sequence[str] = (),
    baseline: str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    alpha: float | None = None,
    all_pairs: bool | None = None,
    alpha_study: bool | None = None,
    test: Test | None = None,
    tune: str | Sequence[str] | Mapping[str, str | Sequence[Any]] = (),
    budget: int | str = "",
    studies: int = 0,
    tuning_seeds: int = 1,
    tune_design: str = "sobol",
    name: str = "",
    results_dir: str | Path | None = None,
    data_dir: str | Path | None = None,
    executor: str | None = None,
    jobs: int | None = None,
    mps: bool | None = None,
    max_time: float | None = None,
    timeout: float | None = None,
    checkpoint_every: float | None = None,
    save_weights: bool | None = None,
    step_losses: bool | None = None,
    accept_old: bool = False,
    redo_stale: bool = False,
    fresh: bool = False,
    force: str | Sequence[str] = (),
    reuse: bool = False,
    progress: bool = False,
    **axes: Any,
) -> Comparison:
    """Run a comparison as `dlbench compare` does and return its results.

    axes: components and settings by name, `activation=["relu", "tanh"], dataset="mnist"`; a list makes an axis.
    seeds: how many, or "auto:7..30".
    seed: which, instead of how many.
    diagnostics: "saturation,first,last", or a list of such.
    hold: sources of randomness that all seeds share: "split", or a list of such.
    margin: in points for accuracies.
    tune: what is tuned for each variant first: {"learning_rate": "log:1e-4..1e-1"}, "learning-rate=log:1e-4..1e-1",
        "auto", or a list of such; {"model.dropout": [0, 0.3, 0.5]} has choices.
    budget: points of each variant, or a training time: "2h".
    fresh: start over; an existing folder is moved aside without asking.
    The other keywords are the options of the command; None stands for the default of dlbench.toml, else dlbench's.
    Raises DlbenchError where the command exits with 2; failed trials do not raise.
    """
    given = locals()
    registry = Registry.load()
    request = canonical(read_request(given, registry), registry)
    options = session_options({option: given[option] for option in declared(Options)}, "compare")
    session = partial(run, request, options, registry, load_config(Path.cwd()))
    outcome = show_session(session, progress=progress)
    return Comparison(outcome.folder, outcome.run.plan, outcome.run.all_planned, request.judging)
