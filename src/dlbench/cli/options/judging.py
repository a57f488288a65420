"""The options about verdicts, which every command that judges shares."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlbench.cli.completion.offers import complete_choices, complete_columns, complete_metrics
from dlbench.cli.options.groups import Group, field_options
from dlbench.plans.criteria import Criteria
from dlbench.statistics.seeds import TESTS

if TYPE_CHECKING:
    from dlbench.plans.plan_record import PlanRecord

_TESTS = {"test": complete_choices(TESTS)}
JUDGING = Group(field_options(Criteria, {"metric": complete_metrics, **_TESTS}, no_defaults=True), dict)
#: Of an earlier run.
JUDGING_AGAIN = Group(
    field_options(
        Criteria, {"metric": complete_metrics, **_TESTS}, no_defaults=True, default="Default: as fixed before running."
    ),
    dict,
)
#: Of a file of other programs, whose columns are the metrics.
COLUMN_JUDGING = Group(field_options(Criteria, {"metric": complete_columns, **_TESTS}, no_defaults=True), dict)


def asked_of(plan: "PlanRecord", judging: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the criteria that are asked of an earlier run, its names however they are written; aliases are noted."""
    if not {"metric", "baseline"} & judging.keys():
        return judging
    from dlbench.cli.plugin_warnings import warn_of_problems
    from dlbench.plans.spelling import canonical_judging
    from dlbench.plugins.registry import Registry

    registry = Registry.load()
    asked = canonical_judging(judging, plan, registry)
    warn_of_problems(registry)
    return asked
