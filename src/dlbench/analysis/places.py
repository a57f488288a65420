"""Where a difference was measured: the data set, and the values of the other axes."""

from collections.abc import Mapping, Sequence

DATASET = "dataset"
#: More values than these are counted.
_NAMED = 4


def place_in_words(place: Mapping[str, str]) -> str:
    """Return where axes are fixed: "on digits at learning rate 0.1"; "" if none is."""
    others = [f"{words(axis)} {value}" for axis, value in place.items() if axis != DATASET]
    dataset = [f"on {place[DATASET]}"] if DATASET in place else []
    return " ".join([*dataset, *([f"at {', '.join(others)}"] if others else [])])


def averaged_in_words(values: Mapping[str, Sequence[str]]) -> str:
    """Return what is averaged over: "learning rate 0.1 and 0.01, digits and mnist", counts where there are many."""
    return ", ".join(_values_in_words(axis, texts) for axis, texts in values.items())


def _values_in_words(axis: str, texts: Sequence[str]) -> str:
    kind = "" if axis == DATASET else f"{words(axis)} "
    if len(texts) > _NAMED:
        return f"{len(texts)} {'data sets' if axis == DATASET else f'values of {words(axis)}'}"
    return kind + " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def words(name: str) -> str:
    """Return the name of an axis or setting with spaces."""
    return name.replace("_", " ")


def short_name(text: str) -> str:
    """Return a component's text without its plugin: "npz:path=a/b" for "standard/npz:path=a/b"."""
    name, colon, parameters = text.partition(":")
    return name.rpartition("/")[2] + colon + parameters
