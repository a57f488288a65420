"""Claims about where a spread comes from: "kept(order) > constant(0.5)", "removed(split) > removed(order)"."""

from collections.abc import Iterable
from dataclasses import replace
from math import nan

from dlbench.analysis.claim_parts import Answer, Part
from dlbench.analysis.spread import SpreadTable, spread_tables
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim
from dlbench.experiments.relations import Link, Operand, Ordering, is_share
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

_IN_WORDS = {"kept": "varied alone, the {} keeps {}", "removed": "fixed, the {} removes {}"}
#: A share with its interval.
Ends = tuple[float, float, float]


def is_about_shares(claim: Claim) -> bool:
    """Return whether a claim names a share of the spread."""
    return isinstance(claim.relation, Ordering) and any(is_share(operand) for operand in claim.relation.operands)


def share_parts(claim: Claim, records: Iterable[TrialRecord], plan: PlanRecord) -> tuple[Part, ...]:
    """Return the parts of a claim about shares: each is decided where the intervals of its sides do not meet.

    Raises DlbenchError where the run does not show where its spread comes from.
    """
    tables = spread_tables(records, plan, replace(plan.criteria, metric=claim.metric, at=claim.at))
    if not tables:
        raise DlbenchError("Nothing was varied to show where the spread comes from.")
    if len(tables) > 1:
        raise DlbenchError("A share is claimed of one variant, or of the difference of two.")
    assert isinstance(claim.relation, Ordering)
    return tuple(_part(link, tables[0]) for link in claim.relation.links)


def _part(link: Link, table: SpreadTable) -> Part:
    left, right = _ends(link.left, table), _ends(link.right, table)
    above, below = left[1] > right[2], left[2] < right[1]
    wanted, against = (above, below) if link.sign == ">" else (below, above)
    answer: Answer = "supported" if wanted else "refuted" if against else "not shown"
    why = "; ".join(filter(None, (_in_words(each, table) for each in (link.left, link.right))))
    return Part(
        claimed=f"{link.left} {link.sign} {link.right}",
        answer=answer,
        why=why,
        n=table.count,
        dropped=table.lost,
        difference=left[0] - right[0],
        difference_low=left[1] - right[2],
        difference_high=left[2] - right[1],
        p=nan,
        p_adjusted=nan,
    )


def _ends(operand: Operand, table: SpreadTable) -> Ends:
    """Return an operand with the ends of its interval; a constant has none."""
    if operand.constant is not None:
        value = operand.scale * operand.constant
        return value, value, value
    share = table.share(operand.metric, operand.name)
    if share is None:
        raise DlbenchError(f"Of {operand.name} nothing is known in this run.")
    return operand.scale * share.value, operand.scale * share.low, operand.scale * share.high


def _in_words(operand: Operand, table: SpreadTable) -> str:
    from dlbench.analysis.spread_wording import percent

    share = None if operand.constant is not None else table.share(operand.metric, operand.name)
    return _IN_WORDS[operand.metric].format(operand.name, percent(share)) if share else ""
