"""The promises of an executor, checked for this one on a real SLURM."""

from typing import Any

import pytest

from dlbench.plugins.registry import Registry
from dlbench.testing.collecting import collect

