"""What an experiment file says beside its comparison, and its text: title, report, reported figures and claims."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim, Experiment, Reported
from dlbench.experiments.keys import CLAIM, REPORTED
from dlbench.experiments.relations import check_relation
from dlbench.experiments.request import nameable
from dlbench.experiments.toml import quoted
from dlbench.plans.naming import find_variant
from dlbench.plans.plan import Plan
from dlbench.plans.plan_record import PlanRecord

_Row = TypeVar("_Row", Claim, Reported)


@dataclass(frozen=True, kw_only=True)
class About:
    """What a file says beside its comparison.

    title, report, description: as in `Experiment`; the title tells deviations.
    reported, claims: those that name what is compared.
    left_out: how many do not, in words; "" for none.
    """

    title: str
    report: str = ""
    description: str = ""
    reported: tuple[Reported, ...] = ()
    claims: tuple[Claim, ...] = ()
    left_out: str = ""

    @classmethod
    def of(cls, experiment: Experiment, plan: Plan, deviations: str) -> "About":
        """Return what an experiment says of a plan that overrides have made of it.

        deviations: what they change, in words; "" for nothing.
        """
        named = nameable(plan)
        reported = tuple(each for each in experiment.reported if _names(named, find_variant, each.variant))
        claims = tuple(each for each in experiment.claims if _names(named, check_relation, each.relation))
        counts = {
            "reported figure": len(experiment.reported) - len(reported),
            "claim": len(experiment.claims) - len(claims),
        }
        return cls(
            title=f"{experiment.title} ({deviations})" if deviations else experiment.title,
            report=experiment.report,
            description=experiment.description,
            reported=reported,
            claims=claims,
            left_out=" and ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items() if n),
        )

    def head(self) -> Iterator[str]:
        """Yield the lines at the top of the file."""
        yield f"title = {quoted(self.title)}\n"
        for name in ("report", "description"):
            if text := getattr(self, name):
                yield f"{name} = {quoted(text)}\n"
        if self.left_out:
            yield f"# Left out, since what they name is not compared here: {self.left_out}.\n"

    def tables(self) -> Iterator[str]:
        """Yield the lines of reported figures and claims."""
        for name, rows in (("reported", _rows(self.reported, REPORTED)), ("claims", _rows(self.claims, CLAIM))):
            for lines in rows:
                yield f"\n[[{name}]]\n{lines}"


def _names(plan: PlanRecord, check: Callable[..., object], name: object) -> bool:
    """Return whether a plan has what a figure or a claim names."""
    try:
        check(name, plan)
    except DlbenchError:
        return False
    return True


def _rows(rows: Sequence[_Row], keys: Container[str]) -> Iterator[str]:
    """Yield the lines of each row: what it says other than by default."""
    for row in rows:
        said = {each.name: getattr(row, each.name) for each in fields(row) if getattr(row, each.name) != each.default}
        said |= {"relation": said["relation_text"]} if isinstance(row, Claim) else {}
        yield "".join(
            f"{name} = {quoted(value) if isinstance(value, str) else format_value(value)}\n"
            for name, value in said.items()
            if name in keys
        )
