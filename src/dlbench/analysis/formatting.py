"""How numbers read on a screen."""


def percent(fraction: float | None) -> str:
    """Return a fraction as "96.4 %", or "–" where there is none."""
    return "–" if fraction is None else f"{100 * fraction:.1f} %"
