"""The claims of an experiment on the HTML page, each with what it was judged by."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dlbench.analysis.claims import ClaimAnswer, chance_in_words, counts_in_words
from dlbench.analysis.diagnostics import declared_in
from dlbench.components.metric_table import find_metric
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.html.page_table import ABSENT, PageTable, Row

_TONES: Mapping[str, str] = MappingProxyType({"supported": "good", "refuted": "bad", "not shown": "open"})


def claims_table(claims: Sequence[ClaimAnswer], plan: PlanRecord) -> PageTable | None:
    """Return a table with a row a claim; None for none."""
    if not claims:
        return None
    return PageTable(
        heading=f"{counts_in_words(claims)}.",
        first="claim",
        columns=("relation", "metric", "epoch", "unit", "why"),
        rows=[_row(claim, plan) for claim in claims],
        verdicts="answer",
        words=True,
        sentences=[chance] if (chance := chance_in_words(claims)) else [],
    )


def _row(claim: ClaimAnswer, plan: PlanRecord) -> Row:
    metric = find_metric(claim.metric, declared_in(plan))
    unit = metric.difference_unit.strip() or metric.symbol or ABSENT
    cells = (claim.relation, metric.title or claim.metric, epoch_in_words(claim.at), unit, claim.why)
    return Row(name=claim.text, cells=cells, verdict=claim.answer, tone=_TONES.get(claim.answer, "open"))


def epoch_in_words(at: str) -> str:
    """Return at which epoch a metric is read: "selected", "last", "5"."""
    return at or "selected"
