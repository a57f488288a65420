"""Headings of families of comparisons, shared by figures and pages."""

from dlbench.analysis.families import Family


def heading(family: Family) -> str:
    """Return the heading of a family of comparisons."""
    axis = words(family.axis)
    if family.baseline is None:
        return f"interaction of {axis}"
    if family.axis == "seed":
        return "noise floor: the baseline against itself on other seeds"
    where = f" at {family.conditioned_on}" if family.conditioned_on else ""
    where += f", averaged over {', '.join(map(words, family.averaged))}" if family.averaged else ""
    return f"{axis}{where}, against {family.baseline.variant}".removeprefix("variant, ")


def words(name: str) -> str:
    """Return the name of an axis or setting with spaces."""
    return name.replace("_", " ")
