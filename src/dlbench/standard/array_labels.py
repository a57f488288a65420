"""The user's labels of any kind: numbers from anywhere, one-hot rows, texts; brought to 0 … K−1, or refused."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.standard.array_problem import ArrayProblemError

_MOST_LISTED = 5
#: Up to so many images may each have a class of its own.
_FEW = 20


def read_labels(
    arrays: Mapping[str, NDArray[Any]], class_names: Sequence[str] | None, images: Mapping[str, str]
) -> tuple[dict[str, NDArray[np.int64]], list[str], list[str]]:
    """Return the labels of each array, by its name in the file, the class names, and what was done to the labels.

    class_names: as the file gives them. images: the name of the images of each array of labels. Raises
    ArrayProblemError with the statement that repairs the file.
    """
    columns = {name: _one_per_image(name, array) for name, array in arrays.items()}
    if len({column.dtype.kind in "U" for column in columns.values()}) > 1:
        raise ArrayProblemError(f"{' and '.join(columns)} are texts in one and numbers in another.")
    widths = [array.shape[1] for name, array in arrays.items() if array.ndim == 2 and array.shape[1] > 1]
    values = np.unique(np.concatenate([np.unique(column) for column in columns.values()]))
    _check_values(values, next(iter(columns.values())), next(iter(columns)))
    _check_trained(columns)
    if values.dtype.kind == "U":
        known, names, done = _texts(values, class_names)
    else:
        known, names, done = _numbers(values, class_names, max(widths, default=0), _drop_negative(columns, images))
    numbered = {name: known[np.searchsorted(values, column)] for name, column in columns.items()}
    return numbered, names, done


def _one_per_image(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return one int64 or text an image."""
    if array.dtype.kind not in "biufSU":
        raise ArrayProblemError(f"{name} are {array.dtype}; expected a whole number or a text an image.")
    if array.ndim > 1 and array.size == len(array):
        array = array.reshape(-1)
    if array.ndim == 2 and array.dtype.kind in "biuf":
        return _from_one_hot(name, array)
    if array.ndim != 1:
        problem = f"{name} have the shape {array.shape}; expected one label an image."
        raise ArrayProblemError(problem, f"a[{name!r}] = a[{name!r}][:, 0]" if array.ndim == 2 else "")
    if array.dtype.kind in "SU":
        return np.char.decode(array, "utf-8", "backslashreplace") if array.dtype.kind == "S" else array.astype(np.str_)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        problem = f"{name} are {array.dtype}, some with fractions or NaN; expected one whole number an image."
        raise ArrayProblemError(problem)
    if array.size and not -(2.0**62) < float(array.min()) <= float(array.max()) < 2.0**62:
        raise ArrayProblemError(f"{name} go from {array.min()} to {array.max()}; expected labels from 0.")
    return array.astype(np.int64)


def _from_one_hot(name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    ones = (array == 1).sum(axis=1)
    if not ((array == 0) | (array == 1)).all() or not (ones == 1).all():
        wrong = int(np.argmax((ones != 1) | ~((array == 0) | (array == 1)).all(axis=1)))
        several = "has several labels" if ones.max() > 1 else "is not one-hot"
        problem = f"{name} have {array.shape[1]} columns, and row {wrong} {several}: one class an image is expected."
        top = (array == array.max(axis=1, keepdims=True)).sum(axis=1)  # argmax of several labels would choose one
        raise ArrayProblemError(problem, f"a[{name!r}] = a[{name!r}].argmax(1)" if (top == 1).all() else "")
    places: NDArray[np.int64] = (array == 1).argmax(axis=1).astype(np.int64)
    return places


def _check_values(values: NDArray[Any], train: NDArray[Any], name: str) -> None:
    present = np.unique(train)
    if len(present) == 1:
        raise ArrayProblemError(f"every label of {name} is {present[0]}: with one class there is nothing to learn.")
    if len(present) == len(train) > _FEW:
        problem = f"{name} have another label for each of {len(train):,} images; expected classes."
        raise ArrayProblemError(problem, f"a[{name!r}] = np.digitize(a[{name!r}], np.quantile(a[{name!r}], [0.5]))")


def _check_trained(columns: Mapping[str, NDArray[Any]]) -> None:
    """Raise ArrayProblemError for a label of test or validation images that no training image has."""
    (train, labels), *others = columns.items()
    present = np.unique(labels)
    for name, column in others:
        found = np.unique(column)
        if not len(unknown := np.setdiff1d(found, present)):
            continue
        problem = f"{name} have the label {unknown[0]!s}, which no training image has ({train} have "
        problem += f"{_listed([str(value) for value in present])})."
        raise ArrayProblemError(problem, _same_labels(name, found, train, present))


def _same_labels(name: str, found: NDArray[Any], train: str, present: NDArray[Any]) -> str:
    """Return the statement that makes labels those of the training images, "" where only the user knows it."""
    if found.dtype.kind == "U":
        stripped = f"a[{name!r}], a[{train!r}] = np.char.strip(a[{name!r}]), np.char.strip(a[{train!r}])"
        return stripped if {*np.char.strip(found)} <= {*np.char.strip(present)} else ""
    shift = int(found[0]) - int(present[0])
    return f"a[{name!r}] = a[{name!r}] - {shift}" if shift == 1 and np.array_equal(found - 1, present) else ""


def _drop_negative(columns: Mapping[str, NDArray[Any]], images: Mapping[str, str]) -> str:
    return "; ".join(
        f"keep = a[{name!r}].ravel() >= 0; a[{images[name]!r}], a[{name!r}] = a[{images[name]!r}][keep], "
        f"a[{name!r}].ravel()[keep]"
        for name, column in columns.items()
        if column.dtype.kind == "i" and column.min(initial=0) < 0
    )


def _texts(values: NDArray[Any], class_names: Sequence[str] | None) -> tuple[NDArray[np.int64], list[str], list[str]]:
    names = list(class_names) if class_names else [str(value) for value in values]
    if unknown := [str(value) for value in values if str(value) not in names]:
        raise ArrayProblemError(f"the label {unknown[0]!r} is not among its class names {_listed(names)}.")
    return np.array([names.index(str(value)) for value in values], np.int64), names, []


def _numbers(
    values: NDArray[np.int64], class_names: Sequence[str] | None, width: int, without_negative: str
) -> tuple[NDArray[np.int64], list[str], list[str]]:
    """Return the class of each value, the class names, and what was done.

    width: columns of one-hot labels, or 0. without_negative: the statement that leaves out images with such a label.
    """
    low, high, ranks = int(values[0]), int(values[-1]), np.arange(len(values))
    if class_names and low >= 0 and high < len(class_names):
        return values, list(class_names), []
    if class_names and len(values) != len(class_names) and (low, high) != (1, len(class_names)):
        raise ArrayProblemError(f"class_names has {len(class_names)} names, and labels go up to {high} (from {low}).")
    if low < 0 and values.tolist() != [-1, 1]:
        problem = f"labels go down to {low}; expected labels from 0. If these images have no class, leave them out."
        raise ArrayProblemError(problem, without_negative)
    if width or (low == 0 and high == len(values) - 1):
        return values, [str(label) for label in range(max(width, len(values)))], []
    shown = f"{low} to {high}" if high - low == len(values) - 1 else _listed([str(value) for value in values])
    said = [f"labels {shown} are numbered from 0"]
    if class_names:
        return (ranks if len(values) == len(class_names) else values - 1), list(class_names), said
    return ranks, [str(value) for value in values], said


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_LISTED]) + (f", … ({len(names)})" if len(names) > _MOST_LISTED else "")
