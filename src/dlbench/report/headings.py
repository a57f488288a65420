"""Headings of families of comparisons, shared by figures and pages."""

from dlbench.analysis.families import Family
from dlbench.analysis.places import averaged_in_words, place_in_words, words


def heading(family: Family) -> str:
    """Return the heading of a family of comparisons."""
    axis = words(family.axis)
    where = f" {place}" if (place := place_in_words(family.place)) else ""
    if family.baseline is None:
        floor = "noise floor: the baseline against itself on other seeds"
        return floor if family.axis == "seed" else f"interaction of {axis}{where}"
    where += f", averaged over {averaged_in_words(family.averaged_values)}" if family.averaged else ""
    return f"{axis}{where}, against {family.baseline.variant}".removeprefix("variant, ")
