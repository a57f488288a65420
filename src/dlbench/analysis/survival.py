"""Whether claims survive tuning: the answer of a plain run beside that of a run whose variants were tuned first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlbench.analysis.claim_parts import Answer
from dlbench.analysis.claims import ClaimAnswer

#: What becomes of an answer by tuning: (plain, tuned).
_IN_WORDS: dict[tuple[Answer, Answer], str] = {
    ("supported", "supported"): "survives tuning",
    ("supported", "not shown"): "is no longer shown",
    ("supported", "refuted"): "is turned around by tuning",
    ("refuted", "supported"): "holds only when tuned",
    ("refuted", "not shown"): "is no longer refuted",
    ("refuted", "refuted"): "is refuted either way",
    ("not shown", "supported"): "is shown only when tuned",
    ("not shown", "not shown"): "is not shown either way",
    ("not shown", "refuted"): "is refuted when tuned",
}
_PLURAL = {"survives": "survive", "holds": "hold", "is": "are"}


@dataclass(frozen=True)
class Survival:
    """One claim with and without tuning.

    tuned: its answer where each variant has settings of its own.
    plain: its answer where they have those of the experiment; None if there is no such run.
    """

    tuned: ClaimAnswer
    plain: ClaimAnswer | None

    @property
    def words(self) -> str:
        """Return what tuning does to the claim, in plain words."""
        if not self.tuned.parts:  # its two sides are one variant, or lack a variant
            return "cannot be asked of tuned variants"
        return "nothing to compare with" if self.plain is None else _IN_WORDS[self.plain.answer, self.tuned.answer]


def survivals(tuned: Iterable[ClaimAnswer], plain: Iterable[ClaimAnswer]) -> tuple[Survival, ...]:
    """Return each claim of a tuned run with the answer of a plain one to it."""
    known = _by_question(plain)
    return tuple(Survival(claim, known.get(question)) for question, claim in _by_question(tuned).items())


def _by_question(claims: Iterable[ClaimAnswer]) -> dict[tuple[str | int, ...], ClaimAnswer]:
    """Return claims by what they ask and, as they may differ in a target or a margin alone, by their number of those.

    Both runs have them in the order of one file.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[tuple[str | int, ...], ClaimAnswer] = {}
    for claim in claims:
        question = (claim.text, claim.relation, claim.metric, claim.at)
        found[*question, seen[question]] = claim
        seen[question] += 1
    return found


def survivals_in_words(found: Iterable[Survival]) -> str:
    """Return how many supported claims survive, "Of 3 supported claims 2 survive tuning …"; "" if none was."""
    supported = [each for each in found if each.plain and each.plain.answer == "supported"]
    if not supported:
        return ""
    return counted_in_words([each.words for each in supported])


def counted_in_words(outcomes: Sequence[str]) -> str:
    """Return what becomes of supported claims: "Of 3 supported claims 2 survive tuning, 1 is no longer shown."."""
    said = ", ".join(f"{count} {_as_many(words, count)}" for words, count in Counter(outcomes).items())
    return f"Of {len(outcomes)} supported claim{'s' * (len(outcomes) != 1)} {said}."


def _as_many(words: str, count: int) -> str:
    verb, _, rest = words.partition(" ")
    return words if count == 1 else f"{_PLURAL.get(verb, verb)} {rest}"
