"""An experiment as it is asked for: its file, what overrides it, and the answers of its run."""

from dataclasses import dataclass
from functools import cached_property

from dlbench.analysis.answers import ExperimentAnswers, answer
from dlbench.analysis.claims import check_metrics
from dlbench.experiments.deviations import deviations, run_name
from dlbench.experiments.discovery import open_experiment
from dlbench.experiments.experiment_file import Experiment
from dlbench.experiments.request import check, to_request
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical
from dlbench.plugins.registry import Registry
from dlbench.runs.experiment_runs import write_answers
from dlbench.sessions.options import Outcome


@dataclass(frozen=True, kw_only=True)
class OverriddenExperiment:
    """An experiment as it is asked for.

    experiment: its file.
    overrides: what replaces parts of it.
    """

    experiment: Experiment
    overrides: Request

    @classmethod
    def of(cls, argument: str, overrides: Request, registry: Registry) -> "OverriddenExperiment":
        """Open a plugin's experiment or a file. Raises DlbenchError for what the file names and nobody knows."""
        overrides = canonical(overrides, registry)
        experiment = open_experiment(argument, registry)
        check_metrics(experiment, check(experiment, registry).diagnostics.values)
        return cls(experiment=experiment, overrides=overrides)

    @cached_property
    def request(self) -> Request:
        """Return the comparison to run."""
        return to_request(self.experiment, self.overrides)

    @cached_property
    def deviations(self) -> str:
        """Return what the overrides change, "" if nothing."""
        return deviations(self.experiment, self.overrides)

    @property
    def run_name(self) -> str:
        """Return the run folder's default name."""
        return run_name(self.experiment, self.overrides)

    def answer(self, outcome: Outcome) -> ExperimentAnswers:
        """Return the answers of a session to the experiment, which its run folder keeps."""
        answers = answer(self.experiment, outcome.records, outcome.plan.record, self.deviations)
        write_answers(outcome.folder, answers)
        return answers
