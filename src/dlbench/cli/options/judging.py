"""The options about verdicts, which every command that judges shares."""

from dlbench.cli.completion.offers import complete_metrics
from dlbench.cli.options.groups import Group, field_options
from dlbench.plans.criteria import Criteria

JUDGING = Group(field_options(Criteria, {"metric": complete_metrics}, no_defaults=True), dict)
