"""What the tests of the core and of the plugins share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests run side by side, where several threads for a tiny tensor mostly wait for each other."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
