"""The promises of a plugin and of an executor, checked for this one on a real SLURM."""

from typing import Any

import pytest

from dlbench.testing import conformance

pytest.importorskip("submitit", reason="submitit is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_slurm")]

PARAMETERS: dict[str, Any] = {"slurm": {"time": "5m"}}

test_conformance = conformance("slurm", parameters=PARAMETERS)
