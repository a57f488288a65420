"""The conformance suite: every promise that a plugin makes, held against what its components do.

A plugin's tests run it on the plugin in one line:

    from dlbench.testing import conformance

    test_conformance = conformance("snake")

`dlbench plugins check snake` runs the same.
"""

from dlbench.testing.collecting import conformance
from dlbench.testing.promises import Breach, Finding
from dlbench.testing.suite import check_plugin

__all__ = ["Breach", "Finding", "check_plugin", "conformance"]
