"""The answers of a folder of runs to the claims of their experiments."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlbench.analysis.answers import ExperimentAnswers, Findings, answer
from dlbench.analysis.claims import claims_table
from dlbench.analysis.claims_on_images import ClaimOnImages, claims_on_images
from dlbench.analysis.reported import reported_table
from dlbench.analysis.spread import with_varied
from dlbench.analysis.tuning import tuning_records
from dlbench.analysis.tuning_report import TuningReport, report_tuning
from dlbench.errors import DlbenchError
from dlbench.experiments.deviations import TUNED, run_deviations
from dlbench.experiments.discovery import find_experiments, open_experiment
from dlbench.experiments.experiment_file import Experiment, load_experiment
from dlbench.files import replace_file, writing
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.runs.answer_tables import read_answer_tables, write_answer_tables
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import list_runs
from dlbench.runs.manifest import Manifest
from dlbench.runs.run_size import RunSize
from dlbench.trials.trial_record import COMPLETED, TrialRecord

#: Texts that people write: about all runs, and about one of them (in its folder).
INTRODUCTION, NOTES = "introduction.md", "notes.md"


@dataclass(frozen=True, kw_only=True)
class ExperimentRun:
    """A run of an experiment with its answers.

    folder: name of its folder.
    answers: what it says about the experiment's claims and reported figures.
    done, planned: numbers of trials.
    seeds: number of seeds.
    seconds: training time of all trials together, those of a search before them too.
    machines: those it ran on.
    remarks: the text of its notes.md, or "".
    trained_on: the images and epochs of its trials.
    tuning: the search before it; None where nothing was tuned.
    on_images: the claims that can be asked of other test images.
    """

    folder: str
    answers: ExperimentAnswers
    done: int
    planned: int
    seeds: int
    seconds: float
    machines: tuple[str, ...]
    remarks: str = ""
    trained_on: RunSize = field(default_factory=RunSize)
    tuning: TuningReport | None = None
    on_images: tuple[ClaimOnImages, ...] = ()

    @property
    def size(self) -> str:
        """Return how it deviates from its experiment apart from tuning: "reduced: epochs 2 instead of 10", or ""."""
        deviations = self.answers.deviations.split("; ")
        return "; ".join(part for part in deviations if not part.startswith(f"{TUNED}:"))

    @property
    def is_tuned(self) -> bool:
        """Return whether its variants have settings of their own, unlike the experiment's."""
        return self.size != self.answers.deviations

    @property
    def notes(self) -> list[str]:
        """Return the notes to show with its numbers."""
        open_trials = [f"{self.done} of {self.planned} trials"] if self.done < self.planned else []
        return [*open_trials, *self.answers.notes]

    def document(self) -> dict[str, Any]:
        """Return the run as JSON content."""
        names = ("folder", "done", "planned", "seeds", "seconds", "machines", "remarks")
        own = {name: getattr(self, name) for name in names} | {"trained_on": self.trained_on.in_words}
        on_images = [claim.document() for claim in self.on_images]
        return own | self.answers.document() | {"on_other_images": on_images}


@dataclass(frozen=True, kw_only=True)
class ExperimentRuns:
    """The experiment runs of a folder, by report and by name.

    runs: the runs with their answers.
    problems: a sentence for each run that could not be read, and for what damage leaves out of others.
    missing: the experiments without a run.
    introduction: the text of the folder's introduction.md, or "".
    """

    runs: tuple[ExperimentRun, ...]
    problems: tuple[str, ...] = ()
    missing: tuple[Experiment, ...] = ()
    introduction: str = ""

    def untuned(self, tuned: ExperimentRun) -> ExperimentRun | None:
        """Return the run of a tuned run's experiment without tuning: of the same size, else in full, else any."""
        name = tuned.answers.experiment.name
        plain = [run for run in self.runs if run.answers.experiment.name == name and not run.is_tuned]
        return min(plain, key=lambda run: (run.size != tuned.size, run.size != ""), default=None)

    @property
    def reports(self) -> dict[str, list[ExperimentRun]]:
        """Return the runs of each report; "" for experiments without one."""
        found: dict[str, list[ExperimentRun]] = {}
        for run in self.runs:
            found.setdefault(run.answers.experiment.report, []).append(run)
        return found


def read_experiment_runs(root: Path, registry: Registry) -> ExperimentRuns:
    """Return the answers of every experiment run below a folder; other runs are ignored."""
    runs, problems = [], []
    for path in list_runs(root):
        try:
            folder = RunFolder(path)
            run = _read(folder, registry)
        except DlbenchError as error:
            problems.append(f"{path.name}: {' '.join(str(error).splitlines())}")
            continue
        if run:
            runs.append(run)
            problems += [f"{path.name}: {warning}" for warning in folder.warnings]
    runs.sort(key=lambda run: (run.answers.experiment.report, run.answers.experiment.name, run.folder))
    return ExperimentRuns(
        runs=tuple(runs),
        problems=tuple(problems),
        missing=_missing(runs, registry),
        introduction=_text(root / INTRODUCTION),
    )


def read_findings(folder: RunFolder, registry: Registry) -> Findings | ExperimentAnswers:
    """Return a run's reported figures and claims; none for a run of no experiment."""
    answers = answers_of(folder.path, folder.all_planned, folder.plan, registry)
    return answers or kept_findings(folder.path, folder.plan)


def kept_findings(folder: Path, plan: PlanRecord) -> Findings:
    """Return the reported figures and claims that a run's last session wrote; none for a run of no experiment.

    They are for runs whose experiment is no longer available: its plugin is gone and the run folder has no copy.
    """
    return read_answer_tables(folder) if plan.experiment else Findings()


def known_experiment(folder: RunFolder, registry: Registry) -> Experiment | None:
    """Return a run's experiment; None where it has none, or the experiment is no longer available."""
    if not folder.plan.experiment:
        return None
    try:
        return experiment_of(folder.path, folder.plan.experiment, registry)
    except DlbenchError:
        return None


def answers_of(
    folder: Path, records: Iterable[TrialRecord], plan: PlanRecord, registry: Registry
) -> ExperimentAnswers | None:
    """Return what records say about a run's experiment; None where that is none, or not available.

    folder: the run folder that may hold a copy of the experiment.
    """
    if not plan.experiment:
        return None
    try:
        experiment = experiment_of(folder, plan.experiment, registry)
    except DlbenchError:
        return None
    known = with_varied(records, plan)
    return answer(experiment, known, plan, _deviations(known, experiment, plan, registry))


def write_answers(folder: Path, answers: ExperimentAnswers) -> None:
    """Write claims.csv, reported.csv and the experiment's own file into a run folder."""
    tables = {"claims.csv": claims_table(answers.claims), "reported.csv": reported_table(answers.figures)}
    with writing(folder):
        write_answer_tables(folder, tables)
        replace_file(folder / answers.experiment.path.name, answers.experiment.path.read_bytes())


def _read(folder: RunFolder, registry: Registry) -> ExperimentRun | None:
    if folder.manifest is None or not folder.plan.experiment:
        return None
    experiment = experiment_of(folder.path, folder.plan.experiment, registry)
    plan, records = folder.plan, folder.all_planned
    searched = tuning_records(folder.records).values() if plan.tuning else ()
    answers = answer(experiment, records, plan, _deviations(records, experiment, plan, registry))
    judged = zip(experiment.claims, [claim.answer for claim in answers.claims], strict=True)
    return ExperimentRun(
        folder=folder.path.name,
        answers=answers,
        done=sum(record.status in COMPLETED for record in records),
        planned=folder.manifest.planned,
        seeds=len(plan.seeds),
        seconds=sum(float(record.cost.get("train_seconds") or 0.0) for record in (*records, *searched)),
        machines=_machines(folder.manifest),
        remarks=_text(folder.path / NOTES),
        trained_on=RunSize.of(record.trial for record in records),
        on_images=claims_on_images(judged, records, plan),
        tuning=report_tuning(folder.records, plan),
    )


def _deviations(records: Iterable[TrialRecord], experiment: Experiment, plan: PlanRecord, registry: Registry) -> str:
    tuned = plan.tuning.names if plan.tuning else ()
    trials = [record.trial for record in records]
    registry.user.stand_in(trial.components for trial in trials)  # nobody's code is looked for to read results
    return run_deviations(trials, experiment, registry, tuned)


def experiment_of(folder: Path, name: str, registry: Registry) -> Experiment:
    """Return the copy of the experiment in its run folder, else the plugin's."""
    plugin, _, stem = name.rpartition("/")
    kept = folder / f"{stem}.toml"
    return load_experiment(kept, plugin, kept=True) if kept.is_file() else open_experiment(name, registry)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""


def _machines(manifest: Manifest) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for session in manifest.sessions:
        hardware = session.get("hardware")
        if not hardware:  # of a manifest that was rebuilt
            continue
        device = hardware.get("gpu") or hardware.get("cpu") or "unknown processor"
        cores = hardware.get("cores")
        found[f"{device}, {cores} core{'s' * (cores != 1)}, torch {session.get('versions', {}).get('torch')}"] = None
    return tuple(found)


def _missing(runs: Iterable[ExperimentRun], registry: Registry) -> tuple[Experiment, ...]:
    """Return the experiments of plugins' reports that have no run; broken files are skipped."""
    there = {run.answers.experiment.name for run in runs}
    found = []
    for file in find_experiments(registry):
        if file.name not in there:
            with suppress(DlbenchError):
                experiment = load_experiment(file.path, file.plugin)
                found += [experiment] if experiment.report else []
    return tuple(found)
