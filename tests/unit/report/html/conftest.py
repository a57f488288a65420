import pytest

from dlbench.report.html import static_figures


@pytest.fixture(autouse=True)
def _charts(charts_library):
    """Every page here has charts, but not their library."""


@pytest.fixture
def no_pictures(monkeypatch):
    """Pages without the pictures that matplotlib takes seconds to draw."""
    monkeypatch.setattr(static_figures, "picture", lambda *_: None)
