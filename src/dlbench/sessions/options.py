"""What a session is given, what it shows while it runs, and what it leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dlbench.trials.trial_record import COMPLETED

if TYPE_CHECKING:
    from dlbench.plans.plan import Plan
    from dlbench.runs.folder import RunFolder
    from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
    from dlbench.trials.trial import Trial
    from dlbench.trials.trial_record import TrialRecord

#: The groups in which the options are shown.
WHERE, AGAIN = "Where and how it runs", "What is computed again (by default, what is missing)"


def _shown(text: str, **more: Any) -> dict[str, Any]:
    """Return the metadata of a field that users set, on the command line and in the Python interface."""
    return {"help": text, "group": WHERE, **more}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where and how a session runs; nothing here affects a trial's numbers.

    Fields with metadata are options of the command line and keywords of the Python interface. The metadata are: help,
    group (the heading that it is listed under) and, where they apply, metavar, minimum and flags.

    confirm: asked before fresh=True sets a folder aside; nothing is done if it returns False.
    check: called with the Plan and its Criteria before anything is prepared or written; raises DlbenchError to refuse.
    command: the command line that the manifest records.
    only_code: the only own code that it runs, as "NAME=DIGEST"; what is not named is not checked.
    facts: what else the manifest records of the session, such as of which run it is a repetition.
    given: the options that the user gave, also as their defaults: no dlbench.toml replaces them.
    """

    name: str = field(default="", metadata=_shown("The run folder's name."))
    results_dir: Path | None = field(
        default=None, metadata=_shown("Folder of all runs, else DLBENCH_RESULTS_DIR, else ./results.")
    )
    data_dir: Path | None = field(
        default=None, metadata=_shown("Folder of data sets, else DLBENCH_DATA_DIR, else a cache.")
    )
    executor: str = field(default="local", metadata=_shown("Where trials run."))
    jobs: int | None = field(
        default=None, metadata=_shown("Trials at once. Default: one a core, on GPUs one a GPU.", minimum=1)
    )
    mps: bool = field(
        default=False,
        metadata=_shown("Let trials share NVIDIA GPUs by its MPS while this runs.", flags=("--mps/--no-mps",)),
    )
    max_time: float | None = field(default=None, metadata=_shown("End after this time.", metavar="SECONDS", minimum=0))
    timeout: float | None = field(
        default=None, metadata=_shown("End a trial after this time.", metavar="SECONDS", minimum=0)
    )
    checkpoint_every: float = field(
        default=60.0,
        metadata=_shown(
            "How often a trial writes a checkpoint to resume from; 0: never.", metavar="SECONDS", minimum=0
        ),
    )
    save_weights: bool = field(
        default=False,
        metadata=_shown("Keep each trial's selected weights.", flags=("--save-weights/--no-save-weights",)),
    )
    step_losses: bool = field(
        default=False,
        metadata=_shown("Keep the training loss of each step.", flags=("--step-losses/--no-step-losses",)),
    )
    accept_old: bool = field(default=False, metadata=_shown("Keep results of other versions.", group=AGAIN))
    redo_stale: bool = field(default=False, metadata=_shown("Compute results of other versions again.", group=AGAIN))
    fresh: bool = field(default=False, metadata=_shown("Start over; what is there is set aside.", group=AGAIN))
    force: Sequence[str] = field(
        default=(), metadata=_shown("Compute a variant, or a trial_id, again. Repeatable.", metavar="NAME", group=AGAIN)
    )
    reuse: bool = field(
        default=False, metadata=_shown("Take trials of the same versions from other runs.", group=AGAIN)
    )
    confirm: Callable[[str], bool] = lambda question: True
    check: Callable[..., None] = lambda plan, criteria: None
    command: Sequence[str] = ()
    only_code: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


class Display(Protocol):
    """What a session shows while it runs."""

    def note(self, text: str) -> None:
        """Show one sentence."""

    def started(self, trials: "Sequence[Trial]", before: int = 0) -> None:
        """Begin with the trials that will run now; `before` of the plan's trials are finished already."""

    def trial_started(self, event: "TrialStarted", label: str) -> None:
        """Show that a trial runs."""

    def epoch_finished(self, event: "EpochFinished", label: str) -> None:
        """Show one epoch of a trial."""

    def trial_finished(self, event: "TrialFinished", label: str) -> None:
        """Show the end of a trial."""

    def close(self) -> None:
        """Close the display, whatever happened."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a session leaves.

    run: the run folder, closed; its records and verdicts need no other read.
    plan: what was planned, as far as it was run.
    records: those of the plan's trials, computed now or before.
    computed: how many trials this session computed.
    interrupted: whether the session was stopped before all had run.
    reused: how many trials were taken from other runs.
    elsewhere: how many trials other processes computed meanwhile.
    """

    run: "RunFolder"
    plan: "Plan"
    records: "tuple[TrialRecord, ...]"
    computed: int
    interrupted: bool
    reused: int = 0
    elsewhere: int = 0

    @property
    def folder(self) -> Path:
        """Return the path of the run folder."""
        return self.run.path

    @property
    def exit_code(self) -> int:
        """Return the session's exit code: 0 for all completed, 1 for some failed, 130 for interrupted."""
        if self.interrupted:
            return 130
        return 0 if all(record.status in COMPLETED for record in self.records) else 1
