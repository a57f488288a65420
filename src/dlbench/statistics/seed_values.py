"""Values of a metric by seed: what is known of them."""

from collections.abc import Mapping

#: A metric by seed. A crashed trial is missing, None or NaN; a diverged one has its value, which may be infinite.
Series = Mapping[int, float | None]


def known_values(series: Series) -> dict[int, float]:
    """Return the values that exist."""
    return {seed: value for seed, value in series.items() if value is not None and value == value}
