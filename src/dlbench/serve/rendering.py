"""The text of the live pages: each changing part by itself, and whole pages around them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup

from dlbench.analysis.formatting import percent
from dlbench.analysis.judged import Judged
from dlbench.report.html.environment import template_environment
from dlbench.report.terminal.progress import duration
from dlbench.runs.running_trials import RunningTrial
from dlbench.serve.run_progress import RunProgress

#: The parts of a page that change, as HTML by name.
Parts = Mapping[str, str]
#: Rows and tables that are shown at most; the report has them all.
_MOST_TRIALS, _MOST_TABLES = 64, 8
#: The size of a curve, and the number of colors.
_WIDTH, _HEIGHT, _COLORS = 160, 32, 7


@dataclass(frozen=True, kw_only=True)
class CurveRow:
    """A running trial, as text and as the points of its curve.

    text: what the curve shows, for those who do not see it.
    end: its last point; None before the first.
    """

    name: str
    epoch: int
    epochs: int
    loss: str
    accuracy: str
    color: int
    points: str
    end: tuple[float, float] | None
    text: str


def address(name: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{quote(name, safe='')}"


def state(run: RunProgress) -> str:
    """Return what a run is doing, in a word or two."""
    if run.active:
        return "running"
    return "complete" if run.complete else "not running"


def runs_part(runs: Sequence[RunProgress]) -> Parts:
    """Return the changing part of the index."""
    return {"runs": _render("live/runs.html", runs=runs)}


def progress_part(run: RunProgress) -> str:
    """Return how far a run is."""
    return _render("live/progress.html", run=run, left=_about(run.left_seconds))


def _about(seconds: float | None) -> str:
    """Return a time that is not known to the second."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return f"{minutes} min" if 2 <= minutes < 60 else duration(seconds)


def running_part(run: RunProgress) -> str:
    """Return the running trials with their curves."""
    places = {variant.label: variant.place for variant in run.variants}
    shown = run.running[:_MOST_TRIALS]
    low, high = _bounds(shown)
    return _render(
        "live/running.html",
        trials=[_curve(trial, places.get(trial.label, 0), low, high) for trial in shown],
        more=len(run.running) - len(shown),
        nothing="No trial has told of an epoch yet." if run.active else "No session works on this run now.",
    )


def comparison_part(run: RunProgress, judged: Judged | None) -> str:
    """Return the verdicts that the plan allows by now, and the numbers so far."""
    known: dict[str, Any] = {"judged": False}
    if judged is not None and run.judged is not None:
        # What words them needs SciPy, which a server that shows no verdict yet does without.
        from dlbench.report.html.first_screen import spread_sentences, verdict_sentences
        from dlbench.report.html.spread import spread_table
        from dlbench.report.html.verdicts import family_table, rule

        families = [*judged.shown_effects, *judged.averages, *judged.shown_interactions]
        numbers = {variant.label: place for place, variant in enumerate(run.judged.variants)}
        verdicts = [family_table(family, judged.rules, numbers) for family in families[:_MOST_TABLES]]
        known = {
            "judged": True,
            "look": _look(run, len(run.judged.seeds)),
            "caution": judged.second_look,
            "notes": judged.notes,
            "sentences": spread_sentences(judged) or verdict_sentences(judged),
            "rule": rule(judged, len(families)),
            # The sentences above say what those of the tables would.
            "tables": [replace(each, sentences=()) for each in (*map(spread_table, judged.spread), *verdicts)],
            "more": max(0, len(families) - _MOST_TABLES),
            "report": f"{address(run.name)}/report" if run.complete else "",
        }
    return _render("live/comparison.html", run=run, rest=_rest(run), **known)


def _look(run: RunProgress, seeds: int) -> str:
    return "" if run.complete and not run.looks else f"As of the planned look at {seeds} seeds."


def _rest(run: RunProgress) -> str:
    """Return when there will be verdicts."""
    looks = [count for count in run.looks if run.judged is None or count > len(run.judged.seeds)]
    if looks:
        return f"The next verdicts come with the planned look at {looks[0]} seeds."
    return "Verdicts come once all planned trials have ended, as the plan fixed before there were results."


def whole_page(template: str, *, title: str, events: str, parts: Parts, **content: Any) -> str:
    """Return a page. events: where its changes come from."""
    safe = {name: Markup(text) for name, text in parts.items()}
    return _render(template, title=title, events=events, parts=safe, **content)


def _bounds(trials: Sequence[RunningTrial]) -> tuple[float, float]:
    """Return the range of all curves, so that they can be compared."""
    values = [each for trial in trials for each in trial.curves.get("validation_accuracy", ()) if math.isfinite(each)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _curve(trial: RunningTrial, place: int, low: float, high: float) -> CurveRow:
    values = trial.curves.get("validation_accuracy", ())
    points = [
        (
            round(_WIDTH * epoch / max(trial.epochs, epoch), 1),
            round((_HEIGHT - 4) * (high - value) / (high - low) + 2, 1),
        )
        for epoch, value in zip(trial.at, values, strict=False)
        if math.isfinite(value)
    ]
    accuracy, loss = _last(values), _last(trial.curves.get("train_loss", ()))
    name = f"{trial.label} seed {trial.seed}"
    return CurveRow(
        name=name,
        epoch=trial.epoch,
        epochs=trial.epochs,
        loss="–" if loss is None else f"{loss:.4g}",
        accuracy=percent(accuracy),
        color=place % _COLORS,
        points=" ".join(f"{x},{y}" for x, y in points) if len(points) > 1 else "",
        end=points[-1] if points else None,
        text=f"Validation accuracy of {name} by epoch: {percent(accuracy)} after {trial.epoch} of {trial.epochs}",
    )


def _last(values: Sequence[float]) -> float | None:
    return values[-1] if values and math.isfinite(values[-1]) else None


def _render(template: str, **content: Any) -> str:
    return _environment().get_template(template).render(**content)


@cache
def _environment() -> Environment:
    """Return the templates: those of live pages, and the parts of reports that they show too."""
    made = template_environment("dlbench.serve")
    made.globals.update(address=address, state=state)
    return made
