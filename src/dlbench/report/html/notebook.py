"""A run in a notebook: what its page says first, as a fragment of HTML that takes the notebook's own style."""

import base64
from collections.abc import Sequence

from dlbench.analysis.answers import ExperimentAnswers, Findings
from dlbench.experiments.experiment_file import Experiment
from dlbench.plugins.registry import Registry
from dlbench.report.figures import FigureData, all_kinds, picture
from dlbench.report.figures.returned import first_kind
from dlbench.report.html.first_screen import first_screen
from dlbench.report.html.page import render_template
from dlbench.trials.trial_record import TrialRecord

#: Notebooks are long; what more there is, `sentences` has.
_MOST = 12


def notebook_fragment(
    name: str,
    records: Sequence[TrialRecord],
    data: FigureData,
    findings: Findings | ExperimentAnswers,
    experiment: Experiment | None,
    said: Sequence[str],
    registry: Registry,
) -> str:
    """Return the verdicts of a run and one figure. All texts are escaped.

    name: the run's. records: of its comparison. said: its sentences.
    """
    first = first_screen(name, data.plan, records, data.judged, findings, experiment)
    shown = [f"{text[:1].upper()}{text[1:]}" for text in said[:_MOST]]
    more = [f"… and {len(said) - _MOST} more: .sentences has them all"] if len(said) > _MOST else []
    kinds = all_kinds(registry)
    best = kinds[first_kind(kinds, data)]
    image = None if best.unavailable_reason(data) else picture(best, data, "png")
    source = "data:image/png;base64," + base64.b64encode(image).decode("ascii") if image else ""
    labels = ", ".join(variant.label for variant in data.variants)
    return render_template("parts/notebook.html", first=first, sentences=shown + more, picture=source, text=labels)
