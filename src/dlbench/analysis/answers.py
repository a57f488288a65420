"""The answers of a run to an experiment: summaries, reported against measured figures, and claims."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from dlbench.analysis.claims import ClaimAnswer, judge
from dlbench.analysis.reported import ReportedFigure, compare_reported
from dlbench.analysis.summary import VariantSummary, summarize
from dlbench.analysis.verdicts import race_of
from dlbench.experiments.experiment_file import Experiment
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a run measured of a report.

    figures: each reported figure beside the measured one.
    claims: each claim with its answer.
    """

    figures: tuple[ReportedFigure, ...] = ()
    claims: tuple[ClaimAnswer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExperimentAnswers:
    """The answers to an experiment.

    experiment: experiment that is answered.
    deviations: how the run differs from the experiment's file, or "".
    summaries: one per variant.
    figures: reported figures with their measurements.
    claims: answers to the claims.
    """

    experiment: Experiment
    deviations: str
    summaries: tuple[VariantSummary, ...]
    figures: tuple[ReportedFigure, ...]
    claims: tuple[ClaimAnswer, ...]

    @property
    def notes(self) -> list[str]:
        """Return the notes of every table: what was overridden, and what the test set was used for."""
        uses = {summary.test_use: None for summary in self.summaries if summary.test_use}
        concerned = {use: [s.label for s in self.summaries if s.test_use == use] for use in uses}
        everywhere = len(self.summaries)
        notes = [
            use if len(labels) == everywhere else f"{use}: {', '.join(labels)}" for use, labels in concerned.items()
        ]
        return [self.deviations, *notes] if self.deviations else notes

    def document(self) -> dict[str, Any]:
        """Return the answers as JSON content."""
        about = {"name": self.experiment.name, "title": self.experiment.title, "report": self.experiment.report}
        # "departures" is the key of the file format for deviations.
        return {
            "experiment": about | {"departures": self.deviations, "notes": self.notes},
            "reported": [figure.row() for figure in self.figures],
            "claims": [asdict(claim) for claim in self.claims],
        }


def find(experiment: Experiment, records: Iterable[TrialRecord], plan: PlanRecord) -> Findings:
    """Compare a report's figures and judge its claims by a run's records."""
    known = list(records)
    race = race_of(known, plan)
    return Findings(
        figures=compare_reported(experiment.reported, known, plan),
        claims=tuple(judge(claim, known, plan, race) for claim in experiment.claims),
    )


def answer(
    experiment: Experiment, records: Iterable[TrialRecord], plan: PlanRecord, deviations: str
) -> ExperimentAnswers:
    """Answer an experiment from a run's records."""
    known = list(records)
    findings = find(experiment, known, plan)
    return ExperimentAnswers(
        experiment=experiment,
        deviations=deviations,
        summaries=summarize(known, plan),
        figures=findings.figures,
        claims=findings.claims,
    )
