"""What `--dry-run` prints: the plan, and an estimate of its time."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.analysis.criteria import asked_criteria
from dlbench.cli.options.config import session_defaults
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import output, print_json
from dlbench.components.records import Dataset
from dlbench.plans.build import build
from dlbench.plans.config import Config, default_data_dir
from dlbench.plans.plan import Plan, Request
from dlbench.plans.tuning import Tuning
from dlbench.plugins.registry import Registry
from dlbench.report.terminal.console import Table
from dlbench.report.terminal.progress import duration
from dlbench.runs.locations import results_root
from dlbench.runs.timing import seconds_per_trial
from dlbench.sessions.defaults import with_defaults
from dlbench.sessions.resolve import check_paths, data_folder, known_data

if TYPE_CHECKING:
    from dlbench.plans.criteria import Criteria
    from dlbench.sessions.options import Options

_SHOWN = 40


def show_plan(request: Request, options: "Options", registry: Registry, *, as_json: bool) -> None:
    """Print the plan of a request. Nothing is run or written."""
    config = session_defaults(request, options)
    request, options = with_defaults(request, options, config, registry)
    print_plan(build(request, registry, config.settings), request.judging, options, registry, config, as_json=as_json)


def print_plan(
    plan: Plan,
    asked: Mapping[str, Any],
    options: "Options",
    registry: Registry,
    config: Config,
    *,
    as_json: bool,
) -> None:
    """Print a plan. asked: the criteria that the user named."""
    warn_of_problems(registry)
    criteria = asked_criteria(asked, plan.record)
    check_paths(plan, registry)
    options.check(plan, criteria)
    document = _document(plan, options, config)
    if as_json:
        print_json(document)
        return
    _print(plan, document, criteria)
    for name in _unprepared(plan, registry, data_folder(options.data_dir, config.data_dir, default_data_dir)):
        output().print(f"The data set {name} is not prepared yet; the run prepares it first.")


def _document(plan: Plan, options: "Options", config: Config) -> dict[str, Any]:
    from dlbench.sessions.run import run_folder_path

    root = results_root(options.results_dir, config.results_dir)
    per_trial = seconds_per_trial([variant.trial for variant in plan.variants], root)
    return {
        "folder": str(run_folder_path(plan, options, config)),
        "axes": {axis: list(values) for axis, values in plan.axes.items()},
        "fixed": dict(plan.fixed),
        "variants": [variant.label for variant in plan.variants],
        "vetoed": {veto.variant.label: veto.reason for veto in plan.vetoes},
        "seeds": list(plan.seeds),
        "noise_floor": list(plan.noise_floor),
        "looks": list(plan.interim_analyses),
        "trials_at_least": len(plan.stages[0].trials),
        "diagnostics": list(plan.diagnostics.diagnostics),
        "diagnostics_at": list(plan.diagnostics.at) if plan.diagnostics else [],
        **_search(plan.tuning),
        "spread": plan.spread.to_json() if plan.spread else None,
        "trials": len(plan.evaluation.trials),
        "training_seconds_guess": _guess(plan, per_trial),
    }


def _search(tuning: Tuning | None) -> dict[str, float | None]:
    """Return how large the search before the comparison is: in trials or, where its budget is a time, in seconds."""
    seconds = tuning.record.seconds if tuning else None
    trials = len(tuning.trials) if tuning else 0
    return {"tuning_trials": trials if seconds is None else None, "tuning_seconds": seconds}


def _guess(plan: Plan, per_trial: list[float | None]) -> float | None:
    known = [seconds for seconds in per_trial if seconds is not None]
    if len(known) < len(plan.variants):
        return None
    comparison = sum(known) * len(plan.seeds)
    floor = known[plan.variants.index(plan.baseline_variant)] * len(plan.noise_floor)
    cells = sum(1 for _ in plan.spread.cells()) - plan.spread.backgrounds if plan.spread else 0
    return comparison + floor + sum(known) * cells + _search_guess(plan, sum(known))


def _search_guess(plan: Plan, per_point: float) -> float:
    """Return the training time of the search before the comparison. per_point: that of a point of all variants."""
    if plan.tuning is None:
        return 0.0
    record = plan.tuning.record
    points = sum(len(search.seeds) * record.budget for search in record.searches)
    return per_point * points if record.seconds is None else record.seconds


def _print(plan: Plan, document: dict[str, Any], criteria: "Criteria") -> None:
    console = output()
    table = Table(*plan.axes or ("variant",), box=None, pad_edge=False)
    for variant in plan.variants[:_SHOWN]:
        table.add_row(*(variant.values.values() or (variant.label,)))
    console.print(table)
    if len(plan.variants) > _SHOWN:
        rest = len(plan.variants) - _SHOWN
        console.print(f"… and {rest:,} more variant{'s' * (rest != 1)}")
    for note in plan.all_notes:
        console.print(f"{note}.")
    for label, reason in document["vetoed"].items():
        console.print(f"{label}: skipped: {reason}.")
    seeds = f"seeds {plan.seeds[0]} to {plan.seeds[-1]}" if len(plan.seeds) > 1 else f"seed {plan.seeds[0]}"
    floor = f", and {len(plan.noise_floor)} of the noise floor" if plan.noise_floor else ""
    least = f"at least {len(plan.stages[0].trials):,}, " if plan.interim_analyses else ""
    most = f"{least}at most " if plan.interim_analyses else ""
    variants = f"{len(plan.variants):,} variant{'s' * (len(plan.variants) != 1)} × {len(plan.seeds)} ({seeds})"
    if plan.tuning:
        console.print(_search_in_words(plan.tuning))
    if plan.spread:
        varied = f"{len(plan.spread.sources)} source{'s' * (len(plan.spread.sources) != 1)}"
        more = f"{plan.spread.levels - 1} other seed{'s' * (plan.spread.levels != 2)}"
        floor += f", and {varied} × {more} at each: {', '.join(plan.spread.sources)}"
    count = len(plan.evaluation.trials)
    console.print(f"{most}{count:,} trial{'s' * (count != 1)}: {variants}{floor}")
    if plan.interim_analyses:
        from dlbench.statistics.spending import early_levels

        counts = ", ".join(map(str, plan.interim_analyses))
        *early, last = early_levels(plan.interim_analyses, criteria.alpha, criteria.test)
        level = f"{early[0]:.2g}, the last at {last:.2g}" if early else f"{last:.2g}"
        console.print(
            f"Interim analyses: at {counts} seeds, at α = {level}; a decided variant gets no more seeds, "
            "nor does one that will hardly be decided"
        )
    if plan.diagnostics:
        names = ", ".join(text.partition("/")[2] for text in plan.diagnostics.diagnostics)
        console.print(f"Diagnostics: {names}; at epochs {', '.join(plan.diagnostics.at)}")
    guess = document["training_seconds_guess"]
    known = (
        f"about {duration(guess)} of training in total, judging by earlier runs" if guess else "unknown, no earlier run"
    )
    console.print(f"Time: {known}")
    console.print(f"Folder: {document['folder']}", soft_wrap=True)


def _search_in_words(tuning: Tuning) -> str:
    """Return what the search before the comparison runs."""
    record, variants = tuning.record, len(tuning.record.ranges)
    searches = f" × {len(record.searches)} searches" if record.judges_procedure else ""
    if record.seconds is not None:
        searched = f"{variants} variant{'s' * (variants != 1)}"
        return f"A search first: {duration(record.seconds)} of training for {searched}{searches}"
    seeds = len(record.searches[0].seeds)
    each = f" × {seeds} seeds" if seeds > 1 else ""
    points = variants * record.budget * sum(len(search.seeds) for search in record.searches)
    same = " (some points are the same)" if len(tuning.trials) < points else ""
    counts = f"{variants} variant{'s' * (variants != 1)} × {record.budget} points{each}{searches}{same}"
    return f"{len(tuning.trials):,} tuning trials first: {counts}, on seeds from {record.searches[0].seeds[0]:,}"


def _unprepared(plan: Plan, registry: Registry, data_dir: Path) -> list[str]:
    chosen = {variant.trial.dataset.text: variant.trial.dataset for variant in plan.variants}
    return [
        selection.short
        for selection in chosen.values()
        if not known_data(registry.get(Dataset, selection.name), selection.parameters, data_dir)
    ]
