"""The built-in diagnostics keep what dlbench asks of a stranger's."""

from pathlib import Path

import pytest
import torch

from dlbench.plugins.registry import Registry
from dlbench.standard.diagnostic_records import DIAGNOSTICS
from dlbench.testing.diagnostics import PROMISES as DIAGNOSTIC_PROMISES
from dlbench.testing.promises import Subject, examine
from dlbench.testing.records import RECORD_PROMISES


@pytest.mark.parametrize("name", [record.name for record in DIAGNOSTICS])
def test_a_built_in_diagnostic_keeps_every_promise(name: str, registry: Registry) -> None:
    torch.manual_seed(0)
    entry = registry.get("diagnostics", name)
    defaults = {key: parameter.default for key, parameter in entry.record.parameters.items()}
    subject = Subject(entry, registry, defaults, Path("nowhere"))
    finding = examine(subject.title, subject, (*RECORD_PROMISES, *DIAGNOSTIC_PROMISES))
    assert finding.good, str(finding)
