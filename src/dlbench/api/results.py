"""The results of a run as frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.api.arguments import checked
from dlbench.files import at_home
from dlbench.plans.config import load_config
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import results_root, run_path
from dlbench.trials.trial_record import TrialRecord

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from dlbench.analysis.answers import ExperimentAnswers, Findings
    from dlbench.analysis.judged import Judged
    from dlbench.plugins.registry import Registry
    from dlbench.report.figures import FigureData

#: More variants are counted where a result is named in one line.
_NAMED = 4


@dataclass(frozen=True, repr=False)
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

    @cached_property
    def _judged(self) -> "Judged":
        from dlbench.analysis.tuned_verdicts import judge_tuned

        return judge_tuned(self.records, self.plan, self.judging)

    @cached_property
    def _answers(self) -> "ExperimentAnswers | None":
        from dlbench.plugins.registry import Registry
        from dlbench.runs.experiment_runs import answers_of

        if not self.plan.experiment:
            return None
        return answers_of(self.path, self.records, self.plan, Registry.load(strict=False))

    @cached_property
    def _findings(self) -> "Findings | ExperimentAnswers":
        """Return the answers to an experiment; where it is not available, those that the run folder keeps."""
        from dlbench.runs.experiment_runs import kept_findings

        return self._answers or kept_findings(self.path, self.plan)

    @property
    def trials(self) -> "pd.DataFrame":
        """Return trials.csv with the variant of each: one row per trial."""
        from dlbench.runs.frames import trials_frame, with_variants

        return with_variants(trials_frame(self.records, self.plan), self.records, self.plan)

    @property
    def epochs(self) -> "pd.DataFrame":
        """Return epochs.csv with variant and seed: one row per trial and epoch."""
        from dlbench.runs.frames import epochs_frame, with_variants

        return with_variants(epochs_frame(self.records), self.records, self.plan)

    @property
    def diagnostics(self) -> "pd.DataFrame":
        """Return diagnostics.csv with variant and seed: one row per trial, epoch, layer and value that was measured."""
        from dlbench.runs.frames import diagnostics_frame, with_variants

        return with_variants(diagnostics_frame(self.records), self.records, self.plan)

    @property
    def comparison(self) -> "pd.DataFrame":
        """Return the columns of comparison.csv: one row per difference, with its interval, p and verdict."""
        from dlbench.runs.frames import frame

        return frame(*self._judged.table())

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return a sentence for each verdict; each can be quoted alone."""
        over_all = self._judged.across.sentences if self._judged.across else ()
        return (*dict.fromkeys(text for family in self._judged.all_families for text in family.sentences), *over_all)

    def __str__(self) -> str:
        return "\n".join(self._said) or repr(self)

    @property
    def _said(self) -> tuple[str, ...]:
        """Return what is shown of it, a sentence each."""
        from dlbench.analysis.spread_wording import told

        return told(self._judged.spread) or self.sentences or self.notes

    def __repr__(self) -> str:
        labels = [f"({v.label})" if ", " in v.label else v.label for v in self.plan.variants]
        named = ", ".join(labels[:_NAMED]) + (f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else "")
        seeds = f"{len(self.plan.seeds)} seed{'s' * (len(self.plan.seeds) != 1)}"
        trials = f"{len(self.records)} trial{'s' * (len(self.records) != 1)}"
        return f"<{type(self).__name__} {self.path.name}: {named}; {seeds}, {trials}>"

    def _repr_html_(self) -> str:
        from dlbench.report.html.notebook import notebook_fragment

        data, registry = self._figure_data()
        experiment = self._answers.experiment if self._answers else None
        return notebook_fragment(self.path.name, self.records, data, self._findings, experiment, self._said, registry)

    def _figure_data(self) -> "tuple[FigureData, Registry]":
        from dlbench.plugins.registry import Registry
        from dlbench.report.figures import figure_data

        data = figure_data(self.records, self.plan, self.judging, self._judged)
        return data, Registry.load(strict=False)

    @checked
    def plot(self, kind: str = "") -> "Figure":
        """Return a figure of the run, as `dlbench plot --kind` draws it; without a kind, that which shows it best.

        Raises DlbenchError, which says why, for a kind that there is not or that the run has no figure of.
        """
        from dlbench.report.figures.returned import returned_figure

        return returned_figure(kind, *self._figure_data())

    @checked
    def report(self, file: str | Path | None = None) -> Path:
        """Write the run as one HTML page, as `dlbench report` does, and return its path.

        file: where; None for report.html in the run folder.
        """
        from dlbench.files import replace_file, writing_to
        from dlbench.plugins.registry import Registry
        from dlbench.report.html.page import html_report
        from dlbench.runs.locations import check_own

        if file is None:
            check_own(self.path)
        path = at_home(file) if file else self.path / "report.html"
        folder = RunFolder(self.path)
        folder.choose_plan(self.plan)  # others may have been asked of the folder since
        page = html_report(folder, Registry.load(strict=False), self.judging)
        with writing_to(path, "Choose another file."):
            replace_file(path, page)
        return path

    @property
    def data_sets(self) -> "pd.DataFrame":
        """Return one row per variant over several data sets: mean rank, interquartile mean, shares near the best."""
        from dlbench.analysis.across_datasets import COLUMNS
        from dlbench.runs.frames import frame

        across = self._judged.across
        return frame(*across.table()) if across else frame(COLUMNS, ())

    @property
    def claims(self) -> "pd.DataFrame":
        """Return claims.csv: one row per part of a claim with its answer; no rows if no experiment was run."""
        from dlbench.analysis.claims import claims_table
        from dlbench.runs.frames import frame

        return frame(*claims_table(self._findings.claims))

    @property
    def reported(self) -> "pd.DataFrame":
        """Return reported.csv: one row per figure of an experiment's report, with what was measured."""
        from dlbench.analysis.reported import reported_table
        from dlbench.runs.frames import frame

        return frame(*reported_table(self._findings.figures))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return how a run deviates from its experiment, what could not be judged, and warnings about variants."""
        return (*(self._answers.notes if self._answers else ()), *self._judged.notes)

    @property
    def summary(self) -> "pd.DataFrame":
        """Return one row per variant: n, and mean, standard deviation and range of each metric."""
        from dlbench.analysis.summary import summarize
        from dlbench.runs.frames import summary_frame

        return summary_frame(summarize(self.records, self.plan))


@checked
def load_results(path: str | Path) -> Comparison:
    """Return the results of a run: its folder's path, or its name in the results folder."""
    folder = open_folder(path, results_root(None, load_config(Path.cwd()).results_dir))
    return Comparison(folder.path, folder.plan, folder.records)


def open_folder(run: str | Path, root: Path) -> RunFolder:
    """Open the folder of a run: its path, or its name below root."""
    return RunFolder(run if isinstance(run, Path) else run_path(run, root))
