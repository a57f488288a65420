"""What a plugin's distribution requires, read from its metadata before anything of it is imported."""

import re
from importlib import metadata
from importlib.metadata import Distribution

PROJECT = "dlbench"
_PLAIN_VERSION = re.compile(r"\d+(\.\d+)*\Z")
_RANGE = re.compile(r"dlbench *((>=|<) *\d+(\.\d+)*( *, *(>=|<) *\d+(\.\d+)*)*)\Z")


def unmet_requirement(distribution: Distribution, core: str) -> str:
    """Return the requirement on dlbench that this version does not meet, or ""."""
    for line in distribution.requires or ():
        if in_range(line, core):
            continue
        if line.lower().startswith(PROJECT) and any(sign in line for sign in "<>=!~"):
            from packaging.requirements import Requirement  # slow to import; most plugins only give a range

            wanted = Requirement(line)
            applies = wanted.name.lower() == PROJECT and (not wanted.marker or wanted.marker.evaluate({"extra": ""}))
            if applies and not wanted.specifier.contains(core, prereleases=True):
                return f"{PROJECT}{wanted.specifier}"
    return ""


def in_range(line: str, core: str) -> bool:
    """Return whether a requirement reads "dlbench>=0.1,<0.3", of plain numbers, and is met."""
    if not (found := _RANGE.match(line)) or not _PLAIN_VERSION.match(core):
        return False
    bounds = [bound.strip() for bound in found[1].split(",")]
    version = _numbers(core)
    return all(
        version >= _numbers(bound[2:]) if bound.startswith(">=") else version < _numbers(bound[1:]) for bound in bounds
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers; trailing zeros mean nothing."""
    return tuple(map(int, re.sub(r"(\.0+)+\Z", "", version.strip()).split(".")))


def remedy_for(error: BaseException, distribution: Distribution | None) -> str:
    """Return what to install where a plugin lacks a module or was written for another dlbench, or ""."""
    if distribution is None:
        return ""
    name = distribution.name
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(PROJECT):
        wanted = _bringing(error.name.partition(".")[0], distribution)
        return f"Install what is missing (pip install '{wanted}')" if wanted else ""
    unknown_name = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == PROJECT
    unknown_field = isinstance(error, TypeError) and "unexpected keyword argument" in str(error)
    if unknown_name or unknown_field:
        return f"It may be written for another dlbench: update both (pip install -U dlbench {name})"
    return ""


def distribution_of(package: str) -> Distribution | None:
    """Return the distribution whose plugin is in a top-level package, where one is installed."""
    points = metadata.entry_points(group=PROJECT)
    return next((point.dist for point in points if point.module.partition(".")[0] == package), None)


def _bringing(module: str, distribution: Distribution) -> str:
    """Return what pip has to install for a missing module: an extra of the distribution, or what it requires."""
    from packaging.requirements import Requirement

    extras = list(distribution.metadata.get_all("Provides-Extra") or ())
    for wanted in map(Requirement, distribution.requires or ()):
        if _normalized(wanted.name) == _normalized(module):
            extra = next((each for each in extras if wanted.marker and _asks_for(str(wanted.marker), each)), "")
            return f"{distribution.name}[{extra}]" if extra else str(wanted).partition(";")[0].strip()
    return f"{distribution.name}[{','.join(extras)}]" if extras else ""


def _asks_for(marker: str, extra: str) -> bool:
    return re.search(rf"extra *== *['\"]{re.escape(extra)}['\"]", marker) is not None


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
