"""The summary of experiments: claims with their answers, and reported against measured figures."""

import math
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from dlbench.analysis.claims import ClaimAnswer, chance_in_words, counts_in_words, q_values
from dlbench.report.claims_on_images import claims_on_other_images
from dlbench.report.markdown_table import markdown_table
from dlbench.report.terminal.console import Lines
from dlbench.report.terminal.experiments import ANSWER_COLORS, reported_cells
from dlbench.report.terminal.layout import plain_table
from dlbench.report.terminal.progress import duration
from dlbench.report.terminal.visible import visible
from dlbench.report.tuned_claims import tuned_claims
from dlbench.runs.experiment_runs import ExperimentRun, ExperimentRuns
from dlbench.statistics.notation import p_text
from dlbench.statistics.seeds import least_seeds

_INTRODUCTION = (
    "# Results\n\nWhat the runs of experiments in this folder say, written from them by `dlbench results summary`.\n"
)
_MEANING = """A claim is *supported* or *refuted* where a test over paired seeds says so, at 5 %, and *not shown* where
it does not: seeds too few, or a difference too small to be told from chance. The q of a claim is the share of false
answers to be expected among those with a p as small as its own. What a run changed of its experiment (fewer epochs,
images or seeds) is told below, and its answers are about that.
"""


def markdown(answered: ExperimentRuns) -> str:
    """Return the summary as Markdown."""
    introduction = f"{answered.introduction}\n" if answered.introduction else _INTRODUCTION
    parts = [introduction, _MEANING, _machines(answered.runs)]
    parts += ["## Claims\n", _counts(answered), _claims(answered.runs)]
    parts += [tuned_claims(answered), claims_on_other_images(answered)]
    parts.append("## Reported against measured\n")
    parts.append(
        "Measured: the mean with its 95 % interval. Within: whether the reported figure lies in that interval, or "
        "(one run) where a\nsingle run falls in 95 % of cases, which is what the reports give.\n"
    )
    for report, runs in answered.reports.items():
        parts.append(f"### {report or 'No report'}\n")
        parts += [_reported([run for run in runs if run.answers.figures])]
        parts += [f"#### {run.folder}: notes\n\n{_from_here(run.remarks)}\n" for run in runs if run.remarks]
    parts.append(_experiments(answered))
    return "\n".join(filter(None, parts)).rstrip() + "\n"


def _from_here(remarks: str) -> str:
    """Return notes with links that lead from the summary, not from the run's folder where they lie."""
    return remarks.replace("](../", "](")


def _machines(runs: Iterable[ExperimentRun]) -> str:
    machines = dict.fromkeys(machine for run in runs for machine in run.machines)
    return f"Machines: {'; '.join(machines)}.\n" if machines else ""


def _counts(answered: ExperimentRuns) -> str:
    """Return the counts of answers, and separately those of full and of reduced runs."""
    claims: dict[bool, list[ClaimAnswer]] = {False: [], True: []}
    large, enough = 0, least_seeds()
    for run in answered.runs:
        claims[_deviation(run).startswith("reduced")] += run.answers.claims
        large += run.trained_on.has_all_images and sum(_least_n(claim) >= enough for claim in run.answers.claims)
    full, reduced = claims[False], claims[True]
    parts = [counts_in_words([*full, *reduced])]
    if full and reduced:
        parts += [f"In full: {counts_in_words(full)}", f"Reduced: {counts_in_words(reduced)}"]
        parts += [f"{large} of {len(full) + len(reduced)} rest on all images and {enough} seeds or more"]
    parts += [chance_in_words([*full, *reduced])]
    return ". ".join(filter(None, parts)) + ".\n"


def _deviation(run: ExperimentRun) -> str:
    """Return "reduced", "changed" or "tuned" for a run that deviates from its experiment, or two of them, else ""."""
    return ", ".join(part.partition(":")[0] for part in filter(None, run.answers.deviations.split("; ")))


def _claims(runs: Sequence[ExperimentRun]) -> str:
    shares = iter(q_values([claim for run in runs for claim in run.answers.claims]))
    rows = [
        (run.answers.experiment.report, claim.text, f"**{claim.answer}**", claim.why, _n(claim),
         _share(next(shares)), run.trained_on.in_words, f"{run.seconds:,.0f}", _folder(run))
        for run in runs
        for claim in run.answers.claims
    ]  # fmt: skip
    return markdown_table(
        ("report", "claim", "answer", "effect with its 95 % interval", "n", "q", "trained on", "seconds", "folder"),
        rows,
    )


def _reported(runs: Iterable[ExperimentRun]) -> str:
    rows = [(_folder(run), *reported_cells(figure)) for run in runs for figure in run.answers.figures]
    headings = ("folder", "variant", "metric", "reported", "measured", "difference", "n", "within", "place")
    return markdown_table(headings, rows) if rows else "The report gives no figures.\n"


def _experiments(answered: ExperimentRuns) -> str:
    rows = [
        (_folder(run), run.answers.experiment.title, str(run.seeds), f"{run.done} of {run.planned}",
         f"{run.seconds:,.0f}", "; ".join(run.answers.notes) or "as in the report")
        for run in answered.runs
    ]  # fmt: skip
    headings = ("folder", "experiment", "seeds", "trials", "seconds", "what is to be known")
    missing = "".join(f"- {experiment.name}: {experiment.title}\n" for experiment in answered.missing)
    not_run = f"\nNot run yet:\n\n{missing}" if missing else ""
    return f"## Experiments\n\n{markdown_table(headings, rows)}{not_run}"


def _folder(run: ExperimentRun) -> str:
    deviation = f" ({_deviation(run)})" if _deviation(run) else ""
    return f"[{run.folder}]({run.folder}){deviation}"


def _n(claim: ClaimAnswer) -> str:
    return str(_least_n(claim)) if claim.parts else "–"


def _least_n(claim: ClaimAnswer) -> int:
    return min((part.n for part in claim.parts), default=0)


def _share(q: float) -> str:
    return "–" if math.isnan(q) else p_text(q)


def answers_view(answered: ExperimentRuns) -> Table:
    """Return a table for the terminal with a row per claim: its run, its answer and the reason."""
    table = plain_table("What holds", _counts(answered).strip(), edge=True)
    table.add_column("claim", ratio=4)
    table.add_column("answer", no_wrap=True)
    table.add_column("why", ratio=5)
    for run in answered.runs:
        seeds = f"{run.seeds} seed{'s' * (run.seeds != 1)}"
        size = ", ".join(filter(None, (seeds, run.trained_on.in_words, duration(run.seconds))))
        notes = "; ".join([size, *run.notes])
        for number, claim in enumerate(run.answers.claims):
            about = run.folder + (f": {notes}" if not number else "")
            table.add_row(
                Lines.assemble(visible(claim.text), "\n", (visible(about), "dim")),
                Text(claim.answer, style=f"bold {ANSWER_COLORS[claim.answer]}"),
                Text(claim.why),
            )
    return table
