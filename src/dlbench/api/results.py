"""The results of a run as frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.plans.config import load_config
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import results_root, run_path
from dlbench.trials.trial_record import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

    from dlbench.analysis.answers import ExperimentAnswers, Findings
    from dlbench.analysis.judged import Judged


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
        from dlbench.runs.answer_tables import read_answer_tables

        return self._answers or read_answer_tables(self.path)

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
        from dlbench.runs.frames import frame

        return frame(*self._judged.table())

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return a sentence for each verdict; each can be quoted alone."""
        over_all = self._judged.across.sentences if self._judged.across else ()
        return (*dict.fromkeys(text for family in self._judged.all_families for text in family.sentences), *over_all)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

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


def load_results(path: str | Path) -> Comparison:
    """Return the results of a run: its folder's path, or its name in the results folder."""
    folder = open_folder(path, results_root(None, load_config(Path.cwd()).results_dir))
    return Comparison(folder.path, folder.plan, folder.records)


def open_folder(run: str | Path, root: Path) -> RunFolder:
    """Open the folder of a run: its path, or its name below root."""
    return RunFolder(run if isinstance(run, Path) else run_path(run, root))
