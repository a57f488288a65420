"""Gates: the verdicts, or the claims, on which a command fails because its user asked for that beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlbench.analysis.diagnostics import declared_in
from dlbench.analysis.families import Family, name_values
from dlbench.analysis.places import place_in_words
from dlbench.components.spelling import resolve
from dlbench.components.syntax import split_list
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.verdicts import BETTER, HIGHER, NAMEABLE, Comparison

if TYPE_CHECKING:
    from dlbench.analysis.claims import ClaimAnswer
    from dlbench.analysis.judged import Judged

SUPPORTED = "supported"


@dataclass(frozen=True, kw_only=True)
class VerdictGate:
    """The verdicts on which a comparison fails.

    fail_if: it fails if one variant has one of these.
    fail_unless: it fails unless every variant has one of these.
    """

    fail_if: tuple[str, ...] = ()
    fail_unless: tuple[str, ...] = ()

    @classmethod
    def parse(cls, fail_if: str = "", fail_unless: str = "") -> "VerdictGate":
        """Read lists of words. Raises DlbenchError for one that is no verdict."""
        return cls(fail_if=_words(fail_if, "--fail-if"), fail_unless=_words(fail_unless, "--fail-unless"))

    def check(self, plan: PlanRecord, criteria: Criteria) -> None:
        """Raise DlbenchError where a plan can have none of these verdicts."""
        rules = criteria.rules(declared_in(plan))
        possible = [word for word in NAMEABLE if word in rules.words or word not in (*BETTER, *HIGHER)]
        for option, words in self._options:
            if len(plan.variants) < 2:
                raise DlbenchError(f"{option} needs two variants or more to compare.", "Add one, or omit the option.")
            if wrong := next((word for word in words if word not in possible), ""):
                why = f"{criteria.metric} has {'a' if rules.has_better_side else 'no'} better side"
                raise DlbenchError(f"No verdict is {wrong!r}: {why}.", f"{option} takes {', '.join(possible)}.")

    def failure(self, judged: "Judged") -> str:
        """Return which verdicts make the gate fail, or why it cannot be judged, in one sentence; "" if it passes."""
        found = [(c, place) for each in judged.families or judged.simple_effects for c, place in _compared(each)]
        failed = []
        for option, words in self._options:
            unless = option == "--fail-unless"
            wrong = [text for c, place in found if (text := _wrong(c, words, unless)) and (text := text + place)]
            if wrong or not found:
                failed.append(f"{option} {','.join(words)}: {'; '.join(wrong) or 'there was nothing to judge'}.")
        return " ".join(failed)

    @property
    def _options(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the options that were given, with their words."""
        both = (("--fail-if", self.fail_if), ("--fail-unless", self.fail_unless))
        return [(option, words) for option, words in both if words]


def _words(text: str, option: str) -> tuple[str, ...]:
    words = []
    for item in split_list(text) if text else ():
        word = resolve(item, NAMEABLE, {})
        if word is None:
            hint = suggest(item, NAMEABLE, f"It takes {', '.join(NAMEABLE)}.")
            raise DlbenchError(f"{option}: there is no verdict {item!r}.", hint)
        words.append(word)
    return tuple(dict.fromkeys(words))


def _compared(family: Family) -> Iterator[tuple[Comparison, str]]:
    """Yield the comparisons with the baseline, named as sentences name them, and at which other values they hold."""
    place = f" {words}" if (words := place_in_words(family.place)) else ""
    yield from ((name_values(comparison, family.axis), place) for comparison in family.against_baseline)


def _wrong(c: Comparison, words: Sequence[str], unless: bool) -> str:
    """Return what a comparison says against a gate; "" for nothing. One that cannot be judged always fails."""
    if c.verdict == "n too small":
        lacking = f", {c.dropped} without a result on one side" if c.dropped else ""
        return f"{c.variant} against {c.baseline} cannot be judged, n = {c.n}{lacking}"
    has = c.verdict in words or ("differs" in words and c.separated) or ("undecided" in words and not c.decided)
    return "" if has == unless else _in_words(c)


def _in_words(c: Comparison) -> str:
    match c.verdict:
        case "equivalent":
            return f"{c.variant} is equivalent to {c.baseline}"
        case "not shown":
            return f"{c.variant} is not shown to differ from {c.baseline}"
        case "differs, may be negligible":
            return f"{c.variant} differs from {c.baseline}, perhaps negligibly"
    return f"{c.variant} is {c.verdict} than {c.baseline}"


@dataclass(frozen=True)
class ClaimGate:
    """The claims of an experiment that must be supported.

    asked: as the user wrote it.
    numbers: of the claims, from 1; () if there is no gate.
    """

    asked: str = ""
    numbers: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str, claims: int, name: str) -> "ClaimGate":
        """Read "supported", or numbers of claims. Raises DlbenchError for claims that an experiment does not make."""
        if not text:
            return cls()
        if not claims:
            raise DlbenchError(f"{name} makes no claims, so --fail-unless has nothing to judge.", "Omit the option.")
        hint = f"Write {SUPPORTED} for all claims, or numbers from 1 to {claims}."
        numbers: list[int] = []
        for item in split_list(text):
            if resolve(item, (SUPPORTED, "all"), {}):
                numbers += range(1, claims + 1)
            elif item.isdecimal() and 1 <= int(item) <= claims:
                numbers.append(int(item))
            else:
                raise DlbenchError(f"--fail-unless: {name} has no claim {item!r}.", hint)
        return cls(text, tuple(dict.fromkeys(numbers)))

    def failure(self, answers: "Sequence[ClaimAnswer]") -> str:
        """Return which claims make the gate fail, in one sentence; "" if it passes."""
        wrong = [(number, answers[number - 1]) for number in self.numbers]
        told = [
            f"claim {number} ({answer.text.rstrip('.')}) is {answer.answer}: {answer.why}"
            for number, answer in wrong
            if answer.answer != SUPPORTED
        ]
        return f"--fail-unless {self.asked}: {'; '.join(told)}." if told else ""
