"""Where a difference was measured: the data set, and the values of the other axes."""

from collections.abc import Iterable, Mapping

DATASET = "dataset"


def place_in_words(place: Mapping[str, str]) -> str:
    """Return where axes are fixed: "on digits, at learning rate 0.1"; "" if none is."""
    others = [f"{words(axis)} {value}" for axis, value in place.items() if axis != DATASET]
    dataset = [f"on {place[DATASET]}"] if DATASET in place else []
    return ", ".join([*dataset, *([f"at {', '.join(others)}"] if others else [])])


def averaged_in_words(axes: Iterable[str]) -> str:
    """Return what axes are averaged over: "batch size, data sets"."""
    return ", ".join("data sets" if axis == DATASET else words(axis) for axis in axes)


def words(name: str) -> str:
    """Return the name of an axis or setting with spaces."""
    return name.replace("_", " ")
