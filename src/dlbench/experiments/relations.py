"""The relations of claims: "a > b > c", "a ≈ b", "a < 1.2 * b", "a > constant(0.75)", "monotone(axis)", …."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from dlbench.errors import DlbenchError, suggest
from dlbench.plans.naming import find_group
from dlbench.plans.plan_record import PlanRecord

Sign = Literal[">", "<", "≈"]

ACCEPTED = (
    "A relation reads a > b, a < b, a ≈ b (or a ~= b), a < 1.2 * b, a chain of these, monotone(axis), "
    "monotone(axis, decreasing) or interaction(axis, axis). An operand is a variant, a value of an axis, "
    "metric(variant), constant(0.75) or, of the spread, kept(order) or removed(split); names with spaces or signs "
    "stand in double quotes."
)
#: What claims of the spread are about, in place of a metric.
SHARES = ("kept", "removed")
_TOKEN = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<sign>~=|[<>]=|[<>≈*(),])|(?P<word>[^\s<>≈~*(),"]+))')
_SIGNS: Mapping[str, Sign] = {">": ">", "<": "<", "≈": "≈", "~=": "≈"}


@dataclass(frozen=True)
class Operand:
    """One side of a comparison.

    name: a variant or a value of an axis, "" for a constant.
    scale: factor of the value.
    metric: a metric other than the claim's, or "".
    constant: a number, in the metric's unit, so that a claim can be a bound; None for variants.
    """

    name: str
    scale: float = 1.0
    metric: str = ""
    constant: float | None = None

    def __str__(self) -> str:
        if self.constant is not None:
            return f"{self.scale * self.constant:.15g}"
        name = f"{self.metric}({self.name})" if self.metric else self.name
        return name if self.scale == 1 else f"{self.scale:.15g} × {name}"

    @property
    def is_plain(self) -> bool:
        """Return whether it is a variant or a value of an axis by the claim's own metric, and nothing more."""
        return self.constant is None and self.scale == 1 and not self.metric

    @property
    def key(self) -> str:
        """Return a text that no other operand has: a constant may read as a variant does, 0.1."""
        return repr(self)


@dataclass(frozen=True)
class Link:
    """One comparison of two operands."""

    left: Operand
    sign: Sign
    right: Operand


def operands_of(links: Iterable[Link]) -> tuple[Operand, ...]:
    """Return every operand of links once, in the order written."""
    return tuple(dict.fromkeys(operand for link in links for operand in (link.left, link.right)))


@dataclass(frozen=True)
class Ordering:
    """A chain of comparisons; all of them must hold."""

    links: tuple[Link, ...]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Return every operand once, in the order written."""
        return operands_of(self.links)


@dataclass(frozen=True)
class Monotone:
    """The metric rises (or falls) from each value of an axis to the next, in the order in which they are given."""

    axis: str
    sign: Sign = "<"


@dataclass(frozen=True)
class Interaction:
    """The effect of one axis depends on the other."""

    first: str
    second: str


Relation = Ordering | Monotone | Interaction


def parse_relation(text: str) -> Relation:
    """Read a relation. Raises DlbenchError that shows where it cannot be read."""
    return _Parser(text).relation()


@dataclass(frozen=True)
class _Token:
    """kind: "quoted", "word" or "sign"; "" at the end of the text."""

    text: str
    start: int
    kind: str = ""

    def is_sign(self, text: str) -> bool:
        return self.kind == "sign" and self.text == text


class _Parser:
    """Reads one relation from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._split())
        self.position = 0

    def _split(self) -> Iterator[_Token]:
        end = 0
        while self.text[end:].strip():
            match = _TOKEN.match(self.text, end)
            if not match:
                start = end + len(self.text[end:]) - len(self.text[end:].lstrip())
                problem = "a double quote is not closed" if self.text[start] == '"' else "this cannot be read"
                raise self._error(problem, start)
            kind, end = str(match.lastgroup), match.end()
            yield _Token(match[kind].strip('"'), match.start(kind), kind)

    def relation(self) -> Relation:
        """Read the whole text."""
        calls = {"monotone": self._monotone, "interaction": self._interaction}
        name = self._peek().text
        if name in calls and self._peek(1).is_sign("("):
            self.position += 2
            found = calls[name]()
            self._take(")")
        else:
            found = self._ordering()
        if self.position < len(self.tokens):
            raise self._error("the relation should end here")
        return found

    def _monotone(self) -> Relation:
        axis = self._name("an axis")
        if not self._peek().is_sign(","):
            return Monotone(axis)
        self.position += 1
        direction = self._name("increasing or decreasing")
        if direction not in ("increasing", "decreasing"):
            self.position -= 1
            raise self._error("increasing or decreasing is expected")
        return Monotone(axis, "<" if direction == "increasing" else ">")

    def _interaction(self) -> Relation:
        first = self._name("an axis")
        self._take(",")
        return Interaction(first, self._name("an axis"))

    def _ordering(self) -> Relation:
        left = self._operand()
        links: list[Link] = []
        while self.position < len(self.tokens) or not links:
            token = self._peek()
            if token.kind != "sign" or token.text not in _SIGNS:
                raise self._error("<, > or ≈ is expected")
            sign = _SIGNS[token.text]
            self.position += 1
            right = self._operand()
            links.append(Link(left, sign, right))
            left = right
        return Ordering(tuple(links))

    def _operand(self) -> Operand:
        scale = 1.0
        if self._peek(1).is_sign("*"):
            scale = self._number("a number is expected before *")
            self._take("*")
        name = self._name("a variant or a value of an axis")
        if not self._peek().is_sign("("):
            return Operand(name, scale)
        self.position += 1
        if name == "constant":
            inside = Operand("", scale, constant=self._number("a number is expected"))
        else:
            inside = Operand(self._name("a variant or a value of an axis"), scale, metric=name)
        self._take(")")
        return inside

    def _number(self, problem: str) -> float:
        try:
            number = float(self._peek().text)
        except ValueError:
            raise self._error(problem) from None
        if not isfinite(number):
            raise self._error(problem)
        self.position += 1
        return number

    def _name(self, wanted: str) -> str:
        token = self._peek()
        if token.kind not in ("word", "quoted"):
            raise self._error(f"{wanted} is expected")
        self.position += 1
        return token.text

    def _take(self, sign: str) -> None:
        if not self._peek().is_sign(sign):
            raise self._error(f"{sign} is expected")
        self.position += 1

    def _peek(self, ahead: int = 0) -> _Token:
        position = self.position + ahead
        return self.tokens[position] if position < len(self.tokens) else _Token("", len(self.text))

    def _error(self, problem: str, start: int | None = None) -> DlbenchError:
        where = self._peek().start if start is None else start
        message = f"The relation cannot be read: {problem}, at character {where + 1}."
        return DlbenchError(message, f"    {self.text}\n    {' ' * where}^\n{ACCEPTED}")


def is_share(operand: Operand) -> bool:
    """Return whether an operand is a share that a source of randomness has in the spread: kept(order), removed(split).

    It is read as a metric of a variant is.
    """
    return operand.metric in SHARES


def _check_share(operand: Operand, sign_is_order: bool, plan: PlanRecord) -> None:
    sources = plan.spread.sources if plan.spread else ()
    if operand.name not in sources:
        raise DlbenchError(
            f"{operand} is a share of the spread, and {operand.name} is not varied here.",
            suggest(operand.name, sources, f"[spread] varies {', '.join(sources)}.") if sources else "Add [spread].",
        )
    if not sign_is_order:
        raise DlbenchError(f"{operand} is compared by > or <.", "Write removed(split) < constant(0.1).")


def _check_sides(link: Link) -> None:
    """Raise DlbenchError for a share beside what is no share."""
    sides = [each for each in (link.left, link.right) if each.constant is None]
    if len({is_share(each) for each in sides}) > 1:
        share, other = sorted(sides, key=is_share, reverse=True)
        raise DlbenchError(
            f"{share} is a share of the spread, and {other} is none.", f"Write {share} > constant(0.5), or two shares."
        )


def check_relation(relation: Relation, plan: PlanRecord) -> None:
    """Raise DlbenchError if a relation names something that the plan lacks."""
    match relation:
        case Ordering():
            for link in relation.links:
                _check_sides(link)
            ordered = all(link.sign != "≈" for link in relation.links)
            for operand in relation.operands:
                if is_share(operand):
                    _check_share(operand, ordered, plan)
                elif operand.constant is None:
                    find_group(operand.name, plan)
        case Monotone():
            _check_axis(relation.axis, plan)
        case Interaction():
            _check_axis(relation.first, plan)
            _check_axis(relation.second, plan)


def _check_axis(axis: str, plan: PlanRecord) -> None:
    if axis not in plan.axes:
        axes = list(plan.axes)
        raise DlbenchError(f"There is no axis {axis!r}.", suggest(axis, axes, f"There are {', '.join(axes)}."))
