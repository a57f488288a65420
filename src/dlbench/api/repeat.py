"""`dlbench.confirm` and `dlbench.replay`: a run's comparison once more, and what both times have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from dlbench.api.arguments import checked
from dlbench.api.results import Comparison, open_folder
from dlbench.api.session import SessionKeywords, session_options, show_session
from dlbench.plans.config import Config, load_config
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import results_root
from dlbench.sessions.confirm import plan_confirmation
from dlbench.sessions.defaults import with_session_defaults
from dlbench.sessions.options import Options, Outcome
from dlbench.sessions.repeated import recall_code
from dlbench.sessions.run import run_plan

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, repr=False)
class Repetition(Comparison):
    """A comparison that was made again: its frames are those of the second time.

    found: what both times have in common and what differs, a sentence each.
    document: the same as numbers and words, as the command's --json has it.
    """

    found: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def _said(self) -> tuple[str, ...]:
        return self.found

    @property
    def verdicts(self) -> "pd.DataFrame":
        """Return one row per difference: its verdict and its numbers of both times, and whether they agree."""
        return _frame(self.document.get("verdicts", ()))

    @property
    def claims(self) -> "pd.DataFrame":
        """Return one row per claim of an experiment: its answer of both times, and whether they agree."""
        return _frame(self.document.get("claims", ()))


@checked
def confirm(
    run: str | Path,
    *,
    seeds: int | None = None,
    comparison: int | None = None,
    progress: bool = False,
    **session: Unpack[SessionKeywords],
) -> Repetition:
    """Repeat a run's comparison once, on seeds never used, as `dlbench confirm` does.

    run: its folder's path, or its name in the results folder.
    seeds: how many fresh ones; None for as many as the run has.
    comparison: an earlier one of the folder, by its number; None for the last.
    The other keywords are options, as in `compare`. Raises DlbenchError where the command exits with 2.
    """
    from dlbench.sessions.confirm_findings import compare_confirmation, unfinished

    options, config, registry = _opened(session, "confirm")
    folder = open_folder(run, results_root(options.results_dir, config.results_dir))
    if comparison is not None:
        folder.choose(comparison)
    recall_code(folder.manifest, registry, options.data_dir, config)
    planned = plan_confirmation(folder, seeds, registry)
    again = planned.before
    if planned.plan:
        outcome = _run(planned.plan, planned.path, planned.facts, options, config, registry, progress=progress)
        again = outcome.run
        if outcome.interrupted:
            return _repetition(again, (unfinished(outcome),), {})
    assert again is not None  # either it ran now, or it had
    findings = compare_confirmation(folder, planned, again, registry)
    return _repetition(again, tuple(filter(None, (findings.note, findings.sentence))), findings.document())


@checked
def replay(
    manifest: str | Path,
    *,
    name: str = "",
    comparison: int | None = None,
    fresh: bool = False,
    progress: bool = False,
    **session: Unpack[SessionKeywords],
) -> Repetition:
    """Run what a manifest holds once more, on this machine, as `dlbench replay` does.

    manifest: a manifest.json, a run folder, or a run's name in the results folder.
    name: of the new run; "" for that of the original, with "-replay" in the same place.
    comparison: an earlier one of the folder, by its number; None for the last.
    fresh: start over; an existing replay is moved aside without asking.
    The other keywords are options, as in `compare`. Raises DlbenchError where the command exits with 2.
    """
    from dlbench.sessions.replay import open_original, plan_replay
    from dlbench.sessions.replay_findings import compare_replay

    options, config, registry = _opened(session, "replay")
    root = results_root(options.results_dir, config.results_dir)
    original = open_original(str(manifest), root, comparison)
    recall_code(original.manifest, registry, options.data_dir, config)
    planned = plan_replay(original, name, root, registry, fresh=fresh)
    options = replace(options, fresh=fresh)
    outcome = _run(planned.plan, planned.path, planned.facts, options, config, registry, progress=progress)
    findings = compare_replay(original, outcome.run, registry)
    return _repetition(outcome.run, tuple(findings.sentences()), findings.document())


def _opened(session: SessionKeywords, function: str) -> tuple[Options, Config, Registry]:
    config = load_config(Path.cwd())
    return with_session_defaults(session_options(session, function), config), config, Registry.load()


def _run(
    plan: Plan,
    path: Path,
    facts: Mapping[str, Any],
    options: Options,
    config: Config,
    registry: Registry,
    *,
    progress: bool,
) -> Outcome:
    """Run a plan in a folder. facts: what its manifest records of the run that is repeated."""
    options = replace(options, name=path.name, results_dir=path.parent, facts=facts)
    return show_session(partial(run_plan, plan, {}, options, registry, config), progress=progress)


def _repetition(again: RunFolder, found: tuple[str, ...], document: Mapping[str, Any]) -> Repetition:
    return Repetition(again.path, again.plan, again.all_planned, found=found, document=document)


def _frame(documents: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return a row for each document; numbers of the first time have names as first_n, those of the second again_n."""
    import pandas as pd

    return pd.json_normalize(list(map(dict, documents)), sep="_")
