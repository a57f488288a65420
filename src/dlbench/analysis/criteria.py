"""What is fixed about the verdicts before anything runs, and what somebody asks otherwise later."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from dlbench.analysis.diagnostics import declared_in, names_in
from dlbench.analysis.metrics import At, check_metric
from dlbench.components.metric_table import METRICS, find_metric
from dlbench.components.metrics import Value
from dlbench.plans.plan import find_baseline
from dlbench.statistics.seeds import ALPHA, alpha_per_look
from dlbench.statistics.verdicts import Rules
from dlbench.trials.trial_record import TrialRecord

METRIC = "test_accuracy"


def _shown(text: str, **more: Any) -> dict[str, Any]:
    """Return the metadata of a field that users set, on the command line and in the Python interface."""
    return {"help": text, "group": "Verdicts", **more}


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """How differences are judged. Fields with metadata are options of the commands and keywords of dlbench.compare.

    at: the epoch of metrics that each epoch has. margin: in the metric's unit as files have it. baseline: a variant's
    label. all_pairs: each variant against each, not the baseline alone. looks: the numbers of seeds at which a
    growing comparison is looked at, () for one that does not grow; they share alpha.
    """

    metric: str = field(default=METRIC, metadata=_shown(f"What is judged. Default: {METRIC}.", metavar="NAME"))
    at: At = "selected"
    margin: float = field(
        default=METRICS[METRIC].margin,
        metadata=_shown(
            "A difference that does not matter, in points for accuracies. Default: 0.2 points.",
            metavar="NUMBER",
            minimum=0,
        ),
    )
    alpha: float = field(
        default=ALPHA, metadata=_shown(f"Chance of any false verdict in a table. Default: {ALPHA}.", metavar="SHARE")
    )
    baseline: str = field(
        default="", metadata=_shown("The variant to compare with. Default: the first.", metavar="LABEL")
    )
    all_pairs: bool = field(default=False, metadata=_shown("Judge each variant against each, with letters."))
    looks: tuple[int, ...] = ()

    def rules(self, declared: Iterable[Value] = ()) -> Rules:
        """Return the rules of each look. Raises DlbenchError for an invalid margin or alpha.

        declared: what diagnostics say about their values.
        """
        alpha = alpha_per_look(self.alpha, len(self.looks)) if self.looks else self.alpha
        return Rules.for_metric(find_metric(self.metric, declared), margin=self.margin, alpha=alpha)

    def to_json(self) -> dict[str, Any]:
        """Return the criteria as the manifest keeps them."""
        return asdict(self) | {"looks": list(self.looks)}


def fixed_criteria(plan: Mapping[str, Any]) -> Criteria:
    """Return what a plan fixed; one that fixed nothing has the defaults."""
    known = {field.name for field in fields(Criteria)}
    given = {key: value for key, value in plan.get("judging", {}).items() if key in known}
    made = Criteria(**{"baseline": plan["baseline"], **given})
    return replace(made, looks=tuple(made.looks))


def asked_criteria(asked: Mapping[str, Any], plan: Mapping[str, Any], record: TrialRecord | None = None) -> Criteria:
    """Return a plan's criteria with what was asked in their place.

    asked: any of metric, at, margin, alpha, baseline, all_pairs; the margin as people read it, in points for shares.
    record: one whose metrics may be named too. Raises DlbenchError for what cannot be.
    """
    fixed = fixed_criteria(plan)
    wanted = replace(fixed, **{key: value for key, value in asked.items() if key != "margin"})
    declared = declared_in(plan)
    metric = find_metric(wanted.metric, declared)
    if "margin" in asked:
        wanted = replace(wanted, margin=asked["margin"] / metric.difference_scale)
    elif wanted.metric != fixed.metric:
        wanted = replace(wanted, margin=metric.margin)
    if "baseline" in asked:
        labels = {variant["label"]: variant["values"] for variant in plan["variants"]}
        wanted = replace(wanted, baseline=find_baseline(asked["baseline"], labels))
    check_metric(wanted.metric, record, names_in(plan))
    wanted.rules(declared)  # raises for an invalid margin or alpha
    return wanted


def departures(wanted: Criteria, fixed: Criteria) -> tuple[str, ...]:
    """Return in words how criteria depart from those that were fixed before running."""
    return tuple(
        f"{field.name.replace('_', ' ')} {_word(getattr(wanted, field.name))}, "
        f"fixed before running: {_word(getattr(fixed, field.name))}"
        for field in fields(Criteria)
        if getattr(wanted, field.name) != getattr(fixed, field.name)
    )


def _word(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)
