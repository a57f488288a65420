"""Consoles that print text literally: brackets are not markup, and names between colons not emoji."""

from rich.console import Console


def plain_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console for text of any origin; styled text is passed as rich Text."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
