"""What a replay has in common with its original: environment, variants, numbers, verdicts and claims."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.analysis.agreement import ClaimPair, VerdictPair, counted_as, pair_claims, pair_verdicts
from dlbench.analysis.reproduction import Reproduction, changed_trials, compare_numbers
from dlbench.analysis.verdicts import judge_run
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.runs.experiment_runs import answers_of, write_answers
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import environment_changes
from dlbench.sessions.repeated import used_plugins
from dlbench.sessions.replay import Original
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class ReplayFindings:
    """What a replay has in common with its original.

    environment: what differs of versions, processors, code and variables, "torch 2.8 → 2.9".
    changed: the variants that are not the same, with what differs.
    variants: how many there are.
    numbers: how the trials compare; None where there are no records of the original.
    verdicts: those of both times.
    claims: the answers to an experiment's claims of both times.
    missing: how many trials the replay lacks; as long as it lacks any, no verdict and no claim is compared.
    """

    environment: tuple[str, ...]
    changed: tuple[str, ...]
    variants: int
    numbers: Reproduction | None = None
    verdicts: tuple[VerdictPair, ...] = ()
    claims: tuple[ClaimPair, ...] = ()
    missing: int = 0

    def sentences(self) -> Iterator[str]:
        """Yield what is the same and what differs, a sentence each."""
        same = "the same versions, processors and code"
        yield f"Environment: {'; '.join(self.environment) or same}."
        yield _variants(self.variants, self.changed)
        if self.numbers is None:
            yield (
                "Numbers and verdicts of the original are not known: its records do not lie beside the manifest "
                "(the journal folder of its run)."
            )
            return
        yield from self.numbers.sentences()
        if self.missing:
            are = "is" if self.missing == 1 else "are"
            yield f"{counted_as(self.missing, 'trials')} {are} missing, so verdicts are not compared yet."
        for what, pairs in (("verdicts", self.verdicts), ("claims", self.claims)):
            if pairs:
                are = "is" if len(pairs) == 1 else "are"
                yield f"{sum(pair.same for pair in pairs)} of {counted_as(len(pairs), what)} {are} the same."

    def document(self) -> dict[str, Any]:
        """Return them as JSON content."""
        return {
            "environment": list(self.environment),
            "changed_variants": list(self.changed),
            "numbers": self.numbers.document() if self.numbers else None,
            "verdicts": [{**pair.document(), "answer": _answer(pair.same)} for pair in self.verdicts],
            "claims": [{**pair.document(), "answer": _answer(pair.same)} for pair in self.claims],
            "found": list(self.sentences()),
        }


def _answer(same: bool) -> str:
    return "same" if same else "other"


def _variants(count: int, changed: Sequence[str]) -> str:
    same = f"Variants: {count - len(changed)} of {count} are the same in components, settings and images"
    return f"{same}; {'; '.join(changed)}." if changed else f"{same}."


def compare_replay(original: Original, again: RunFolder, registry: Registry) -> ReplayFindings:
    """Compare a replay with its original; the answers to an experiment's claims are written into its folder."""
    plan, records = original.plan, original.records
    now = answers_of(original.path, again.records, again.plan, registry)
    if now:
        write_answers(again.path, now)
    missing = again.plan.trial_count + again.plan.varied_count - len(again.all_planned)
    before = answers_of(original.path, records, plan, registry) if records and not missing else None
    return ReplayFindings(
        environment=_environment(original, again),
        changed=_changed(original, again),
        variants=len(plan.variants),
        numbers=compare_numbers(records, plan, again.records, again.plan) if records else None,
        verdicts=pair_verdicts(judge_run(records, plan), again.judge()) if records and not missing else (),
        claims=pair_claims(before.claims, now.claims) if before and now else (),
        missing=missing,
    )


def _environment(original: Original, again: RunFolder) -> tuple[str, ...]:
    """Return what differs between the last session of the original and that of the replay."""
    before = [session for session in original.manifest.sessions if session.get("versions")]
    now: Sequence[Mapping[str, Any]] = again.manifest.sessions if again.manifest else ()
    if not before or not now:
        return ("that of the original is not recorded",)
    return tuple(environment_changes(before[-1], now[-1], list(used_plugins(original.manifest))))


def _changed(original: Original, again: RunFolder) -> tuple[str, ...]:
    """Return the variants whose identity differs here, with what differs where the trials are known."""
    told = changed_trials(_trials(original.records, original.plan), _trials(again.records, again.plan))
    ids = {variant.label: variant.variant_id for variant in again.plan.variants}
    for variant in original.plan.variants:
        if ids.get(variant.label) != variant.variant_id and not told.get(variant.label):
            known = variant.label in ids
            told[variant.label] = "other images, or another default" if known else "skipped here"
    return tuple(f"{label}: {text}" for label, text in told.items())


def _trials(records: Iterable[TrialRecord], plan: PlanRecord) -> dict[str, Trial]:
    labels = {variant.variant_id: variant.label for variant in plan.variants}
    found = (record.trial for record in records if record.trial.variant_id in labels)
    return {labels[trial.variant_id]: trial for trial in found}
