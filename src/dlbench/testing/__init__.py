"""The conformance suite: every promise that a plugin makes, checked on what its components do.

A plugin's tests run it on the plugin in one line:

    from dlbench.testing import conformance

    test_conformance = conformance("snake")

`dlbench plugins check snake` runs the same. For a plugin's own tests: `plan_experiment` reads one of its experiment
files, `make_trial` makes a trial, `Registry.load()` finds components, and dlbench.testing.engine_parts has what trains.
"""

from dlbench.plugins.registry import Registry
from dlbench.testing.collecting import conformance
from dlbench.testing.planning import PlannedExperiment, compared_by, make_trial, plan_experiment
from dlbench.testing.promises import Breach, Finding
from dlbench.testing.suite import check_plugin

__all__ = [
    "Breach",
    "Finding",
    "PlannedExperiment",
    "Registry",
    "check_plugin",
    "compared_by",
    "conformance",
    "make_trial",
    "plan_experiment",
]
