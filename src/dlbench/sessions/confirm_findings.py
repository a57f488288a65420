"""What fresh seeds make of a run's verdicts and claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.analysis.agreement import (
    ClaimPair,
    VerdictPair,
    confirmation_sentence,
    counted_as,
    pair_claims,
    pair_verdicts,
)
from dlbench.analysis.share_claims import is_about_shares
from dlbench.analysis.verdicts import judge_run
from dlbench.plugins.registry import Registry
from dlbench.runs.experiment_runs import answers_of, write_answers
from dlbench.runs.folder import RunFolder
from dlbench.sessions.confirm import Confirmation, unanswered
from dlbench.sessions.options import Outcome


@dataclass(frozen=True, kw_only=True)
class ConfirmationFindings:
    """What fresh seeds make of a run's verdicts and claims.

    verdicts: those of both times.
    claims: the answers to an experiment's claims of both times.
    note: why some or all of its claims are not answered, "" if they are, or there are none.
    """

    verdicts: tuple[VerdictPair, ...] = ()
    claims: tuple[ClaimPair, ...] = ()
    note: str = ""

    @property
    def sentence(self) -> str:
        """Return whether the second time confirms the first, in one sentence."""
        return confirmation_sentence(self.verdicts, self.claims)

    def document(self) -> dict[str, Any]:
        """Return them as JSON content."""
        return {
            "verdicts": [pair.document() for pair in self.verdicts],
            "claims": [pair.document() for pair in self.claims],
            "sentence": self.sentence,
        }


def compare_confirmation(
    folder: RunFolder, found: Confirmation, again: RunFolder, registry: Registry
) -> ConfirmationFindings:
    """Compare a run with its confirmation; the answers to an experiment's claims are written into the latter's folder.

    folder: of the run. again: of its confirmation.
    """
    first = found.first
    verdicts = pair_verdicts(judge_run(folder.records, first), again.judge())
    before = answers_of(folder.path, folder.records, first, registry)
    now = answers_of(folder.path, again.records, again.plan, registry)
    if before is None or now is None:
        about = f"The experiment {first.experiment} is not available, so its claims are not answered"
        note = f"{about}: install its plugin, or put its file into {folder.path}." if first.experiment else ""
        return ConfirmationFindings(verdicts=verdicts, note=note)
    write_answers(again.path, now)
    shares = [number for number, each in enumerate(before.experiment.claims, start=1) if is_about_shares(each)]
    pairs = (pair for pair in pair_claims(before.claims, now.claims) if pair.number not in shares)
    return ConfirmationFindings(verdicts=verdicts, claims=tuple(pairs), note=_about_shares(shares))


def _about_shares(numbers: Sequence[int]) -> str:
    """Return why claims about shares of the spread have no second answer; "" where there are none."""
    named = " and ".join(f"claim {number}" for number in numbers)
    are = "is" if len(numbers) == 1 else "are"
    return (
        f"{named[:1].upper()}{named[1:]} {are} about where the spread comes from, which is not asked again."
        if numbers
        else ""
    )


def unfinished(outcome: Outcome) -> str:
    """Return what a confirmation that was interrupted lacks, in one sentence."""
    missing = unanswered(outcome.run)
    are = "is" if missing == 1 else "are"
    return f"{counted_as(missing, 'trials')} {are} missing, so nothing is confirmed yet."
