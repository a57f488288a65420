"""Consoles that print text as it is: a name in brackets is no markup, and one between colons no picture."""

from rich.console import Console


def plain_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console for text that others wrote; what is to stand out is a rich Text."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
