"""Whether a comparison that was made twice says the same: verdict by verdict, and claim by claim."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.families import Family, name_values
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import place_in_words, words
from dlbench.statistics.verdicts import Comparison

#: What the second time makes of a verdict of the first.
CONFIRMED, NOT_CONFIRMED, NOTHING = "confirmed", "not confirmed", "nothing to confirm"


@dataclass(frozen=True, kw_only=True)
class VerdictPair:
    """The verdicts on one difference, of the first time and of the second.

    name: what is compared, "tanh against relu", with the other values at which it is.
    first: the first verdict.
    again: the second one; None where it could not be had.
    """

    name: str
    first: Comparison
    again: Comparison | None

    @property
    def same(self) -> bool:
        """Return whether both times said the same."""
        return self.again is not None and self.again.verdict == self.first.verdict

    @property
    def answer(self) -> str:
        """Return whether what was shown the first time was shown again, on the same side."""
        if not self.first.decided:
            return NOTHING
        if self.again is None:
            return NOT_CONFIRMED
        weak = self.first.verdict.startswith("differs")  # shown to differ, by however much
        again = weak and self.again.separated and self.again.side == self.first.side
        return CONFIRMED if self.same or again else NOT_CONFIRMED

    def document(self) -> dict[str, Any]:
        """Return the pair as JSON content."""
        sides = {"first": self.first, "again": self.again}
        return {"comparison": self.name, "answer": self.answer} | {
            side: None if c is None else _numbers(c) for side, c in sides.items()
        }


_NUMBERS = ("n", "difference", "difference_low", "difference_high", "p", "p_adjusted", "verdict")


def _numbers(comparison: Comparison) -> dict[str, Any]:
    return {name: getattr(comparison, name) for name in _NUMBERS}


@dataclass(frozen=True, kw_only=True)
class ClaimPair:
    """The answers to one claim, of the first time and of the second."""

    number: int
    first: ClaimAnswer
    again: ClaimAnswer

    @property
    def same(self) -> bool:
        """Return whether both times gave the same answer."""
        return self.first.answer == self.again.answer

    @property
    def answer(self) -> str:
        """Return whether the first answer was given again."""
        if self.first.answer == "not shown":
            return NOTHING
        return CONFIRMED if self.same else NOT_CONFIRMED

    def document(self) -> dict[str, Any]:
        """Return the pair as JSON content."""
        both = {"first": self.first.answer, "again": self.again.answer}
        return {"claim": self.number, "text": self.first.text, "answer": self.answer} | both


def pair_verdicts(first: Judged, again: Judged) -> tuple[VerdictPair, ...]:
    """Return each verdict of the first time with that of the second."""
    known = {_name(each, c): c for each, c in _comparisons(again)}
    return tuple(
        VerdictPair(name=_name(each, c), first=c, again=known.get(_name(each, c))) for each, c in _comparisons(first)
    )


def _comparisons(judged: Judged) -> Iterator[tuple[Family, Comparison]]:
    for each in (*(judged.families or judged.simple_effects), *judged.averages, *judged.interactions):
        yield from ((each, comparison) for comparison in each.comparisons)


def _name(family: Family, comparison: Comparison) -> str:
    named = name_values(comparison, family.axis)
    place = f" {where}" if (where := place_in_words(family.place)) else ""
    place += f", averaged over {', '.join(map(words, family.averaged))}" if family.averaged else ""
    about = f"{family.axis.replace('_', ' ')}: " if family.is_interaction else ""
    return f"{about}{named.variant} against {named.baseline}{place}"


def pair_claims(first: Iterable[ClaimAnswer], again: Iterable[ClaimAnswer]) -> tuple[ClaimPair, ...]:
    """Return each claim's answer of the first time with that of the second."""
    pairs = enumerate(zip(first, again, strict=True), start=1)
    return tuple(ClaimPair(number=number, first=one, again=other) for number, (one, other) in pairs)


def confirmation_sentence(verdicts: Sequence[VerdictPair], claims: Sequence[ClaimPair]) -> str:
    """Return whether the second time confirms the first, in one sentence."""
    pairs: list[VerdictPair | ClaimPair] = [*verdicts, *claims]
    shown = [pair for pair in pairs if pair.answer != NOTHING]
    failed = [pair for pair in shown if pair.answer == NOT_CONFIRMED]
    what = " and ".join(word for word, found in (("verdicts", verdicts), ("claims", claims)) if found)
    if not shown:
        return f"Nothing to confirm: no {_singular(what)} was decided the first time."
    counted = f"{len(shown) - len(failed)} of {counted_as(len(shown), what)} decided the first time"
    counted += " holds." if len(shown) == 1 else " hold."
    return f"Not confirmed: {'; '.join(map(_change, failed))}. {counted}" if failed else f"Confirmed: {counted}"


def counted_as(count: int, plural: str) -> str:
    """Return a count with its noun: "1 verdict", "2 verdicts"."""
    return f"{count} {_singular(plural) if count == 1 else plural}"


def _singular(plural: str) -> str:
    """Return "verdict or claim" for "verdicts and claims"."""
    return " or ".join(noun.removesuffix("s") for noun in plural.split(" and "))


def _change(pair: VerdictPair | ClaimPair) -> str:
    if isinstance(pair, ClaimPair):
        return f"claim {pair.number} was {pair.first.answer}, and now is {pair.again.answer}"
    return f"{pair.name} was {pair.first.verdict}, and now is {pair.again.verdict if pair.again else 'missing'}"
