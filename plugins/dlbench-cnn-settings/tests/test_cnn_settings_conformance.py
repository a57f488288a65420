"""Every promise of a dlbench plugin, checked for this one."""

from dlbench.testing import conformance

test_conformance = conformance("cnn-settings")
