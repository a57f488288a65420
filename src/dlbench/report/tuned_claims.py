"""The part of the summary of experiments that says which claims survive tuning."""

from collections.abc import Iterator

from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.survival import survivals, survivals_in_words
from dlbench.analysis.tuning_report import TuningReport
from dlbench.report.markdown_table import markdown_table
from dlbench.report.search_table import search_columns, search_notes
from dlbench.runs.experiment_runs import ExperimentRun, ExperimentRuns

_MEANING = """Each run below first gave every variant settings of its own, chosen on validation with other seeds, and
then put the experiment's claims to what was chosen. Beside each answer stands that of the run without tuning, which has
the experiment's settings.
"""
_ABSENT = "–"


def tuned_claims(answered: ExperimentRuns) -> str:
    """Return the section, in Markdown; "" where nothing was tuned."""
    parts = [part for run in answered.runs if run.tuning for part in _run(run, run.tuning, answered)]
    return "\n".join(["## Which claims survive tuning\n", _MEANING, *parts]) if parts else ""


def _run(run: ExperimentRun, tuning: TuningReport, answered: ExperimentRuns) -> Iterator[str]:
    yield f"### {run.folder}: {run.answers.experiment.title}\n"
    plain = answered.untuned(run)
    yield _beside(run, plain)
    columns = search_columns(tuning)
    rows = [(variant.label, *(column.cell(variant) for column in columns)) for variant in tuning.variants]
    yield markdown_table(("variant", *(column.heading for column in columns)), rows)
    notes = [f"{note[:1].upper()}{note[1:]}" for note in search_notes(tuning)]
    yield "\n".join(f"- {note}." for note in (*notes, *tuning.warnings)) + "\n"
    if not run.answers.claims:
        return
    found = survivals(run.answers.claims, plain.answers.claims if plain else ())
    yield survivals_in_words(found) + "\n" if survivals_in_words(found) else ""
    yield markdown_table(
        ("claim", "without tuning", "each at its best", "so"),
        [(each.tuned.text, _answer(each.plain), _answer(each.tuned), f"**{each.words}**") for each in found],
    )


def _beside(run: ExperimentRun, plain: ExperimentRun | None) -> str:
    """Return which runs are compared, and how they differ in more than tuning."""
    if plain is None:
        return f"[{run.folder}]({run.folder}); there is no run of this experiment without tuning.\n"
    size, other = run.size or "in full", plain.size or "in full"
    apart = f"the first {size}; the second {other}. What changes may come from the sizes as well"
    sizes = f"both {size}" if size == other else apart
    return f"[{run.folder}]({run.folder}) beside [{plain.folder}]({plain.folder}): {sizes}.\n"


def _answer(claim: ClaimAnswer | None) -> str:
    return f"{claim.answer}: {claim.why}" if claim else _ABSENT
