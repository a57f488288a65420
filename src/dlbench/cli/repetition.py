"""What `confirm` and `replay` have in common: defaults of files, and the claims of both times."""

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.cli.options.config import session_defaults
from dlbench.cli.streams.console import errors
from dlbench.plans.plan import Request
from dlbench.sessions.defaults import with_defaults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlbench.analysis.agreement import ClaimPair
    from dlbench.plans.config import Config
    from dlbench.plans.plan_record import PlanRecord
    from dlbench.plugins.registry import Registry
    from dlbench.runs.folder import RunFolder
    from dlbench.sessions.options import Options
    from dlbench.trials.trial_record import TrialRecord


def repetition_defaults(options: "Options", registry: "Registry") -> "tuple[Options, Config]":
    """Return the options of a session with the defaults of files, which replace nothing of what is repeated."""
    request = Request(experiment="a repetition")
    config = session_defaults(request, options)
    return with_defaults(request, options, config, registry)[1], config


def claim_pairs(
    folder: Path, records: "Iterable[TrialRecord]", first: "PlanRecord", again: "RunFolder", registry: "Registry"
) -> "tuple[ClaimPair, ...]":
    """Return the claims of a run's experiment as they were answered the first time and now; () without any.

    The answers of now are written into their run folder, as those of `dlbench run` are.
    folder: the first run's. records, first: its trials and its comparison.
    """
    from dlbench.analysis.agreement import pair_claims
    from dlbench.runs.experiment_runs import answers_of, write_answers

    before = answers_of(folder, records, first, registry)
    now = answers_of(folder, again.records, again.plan, registry)
    if before is None or now is None:
        if first.experiment:
            about = f"The experiment {first.experiment} is not available, so its claims are not answered"
            errors().print(f"{about}: install its plugin, or put its file into {folder}.", soft_wrap=True)
        return ()
    write_answers(again.path, now)
    return pair_claims(before.claims, now.claims)
