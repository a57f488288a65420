"""Which array of a file is which: the names that Keras, MedMNIST, NumPy's users and dlbench give them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dlbench.standard.array_problem import ArrayProblemError

_SPLITS = {"train": "training|train|trn|tr", "test": "testing|test|tst|te", "validation": "validation|valid|val|dev"}
_KINDS = {
    "images": "images?|imgs?|pixels|data|inputs?|features?|x",
    "labels": "labels?|lbls?|targets?|classes|class|y",
}
_CLASS_NAMES = re.compile(r"(class|label|target)[\W_]*names|classes", re.IGNORECASE)
_GROUPS = re.compile(rf"({_SPLITS['test']})[\W_]*groups?|groups?[\W_]*({_SPLITS['test']})", re.IGNORECASE)
_MOST_SHOWN = 12


@dataclass(frozen=True)
class Part:
    """The names of the arrays of one split."""

    images: str
    labels: str


@dataclass(frozen=True)
class Names:
    """Which array of a file is which.

    parts: the arrays of each split: "train", "test" and perhaps "validation".
    class_names: the array of class names, or "".
    groups: the array of the group of each test image, or "".
    unused: the other arrays.
    """

    parts: Mapping[str, Part]
    class_names: str
    groups: str
    unused: tuple[str, ...]


def find_names(names: Iterable[str]) -> Names:
    """Return which array is which. Raises ArrayProblemError if one is missing, or two may be meant."""
    names = list(names)
    found: dict[tuple[str, str], str] = {}
    for name in names:
        if (slot := _slot(name)) is None:
            continue
        if slot in found:
            problem = f"both {found[slot]} and {name} may be the {' '.join(slot)}; keep one of them."
            raise ArrayProblemError(problem, f"del a[{name!r}]")
        found[slot] = name
    called = [name for name in names if _CLASS_NAMES.fullmatch(name)]
    parts = {split: _part(split, found, names) for split in _SPLITS if split != "validation" or _has(split, found)}
    grouped = [name for name in names if _GROUPS.fullmatch(name)]
    used = {*found.values(), *called[:1], *grouped[:1]}
    return Names(parts, (called or [""])[0], (grouped or [""])[0], tuple(name for name in names if name not in used))


def _slot(name: str) -> tuple[str, str] | None:
    """Return the split and the kind that a name stands for, or None."""
    for split, splits in _SPLITS.items():
        for kind, kinds in _KINDS.items():
            forms = rf"({splits})[\W_]*(set)?[\W_]*({kinds})|({kinds})[\W_]*({splits})"
            if re.fullmatch(forms, name, re.IGNORECASE):
                return split, kind
    return None


def _has(split: str, found: Mapping[tuple[str, str], str]) -> bool:
    return any((split, kind) in found for kind in _KINDS)


def _part(split: str, found: Mapping[tuple[str, str], str], names: list[str]) -> Part:
    absent = [kind for kind in _KINDS if (split, kind) not in found]
    if not absent:
        return Part(found[split, "images"], found[split, "labels"])
    listed = ", ".join(sorted(names)[:_MOST_SHOWN]) + (", …" if len(names) > _MOST_SHOWN else "")
    if len(absent) == 1:
        there = found[split, next(kind for kind in _KINDS if kind not in absent)]
        problem = f"it has {there} but no {split}_{absent[0]}; its arrays are {listed}."
    else:
        problem = f"it has no array {split}_images; its arrays are {listed or 'none'}."
    raise ArrayProblemError(problem, _remedy(split, absent, found, names))


def _remedy(split: str, absent: list[str], found: Mapping[tuple[str, str], str], names: list[str]) -> str:
    """Return the statement that makes a split of what there is."""
    if split == "test" and len(absent) == len(_KINDS):
        if ("validation", "images") in found and ("validation", "labels") in found:
            images, labels = found["validation", "images"], found["validation", "labels"]
            return f"a['test_images'], a['test_labels'] = a.pop({images!r}), a.pop({labels!r})"
        return _division(found["train", "images"], found["train", "labels"])
    whole = {kind: name for name in names for kind, words in _KINDS.items() if re.fullmatch(words, name, re.IGNORECASE)}
    if split == "train" and len(whole) == len(_KINDS):
        return _division(whole["images"], whole["labels"])
    if split == "train" and not found and len(names) == 4:
        renamed = zip(("train_images", "train_labels", "test_images", "test_labels"), names, strict=True)
        return f"a = {{{', '.join(f'{new!r}: a[{old!r}]' for new, old in renamed)}}}"
    return ""


def without_empty(parts: Mapping[str, Part], empty: str) -> str:
    """Return the statement that does without the images of a split, which is empty; "" where nothing does."""
    if empty == "validation":
        return f"del a[{parts[empty].images!r}], a[{parts[empty].labels!r}]"
    return _division(parts["train"].images, parts["train"].labels) if empty == "test" else ""


def _division(images: str, labels: str) -> str:
    """Return the statement that takes a fifth of the images for testing, at random."""
    return (
        f"x, y = a.pop({images!r}), a.pop({labels!r}); p = np.random.default_rng(0).permutation(len(x)); "
        "n = len(p) // 5; a.update(test_images=x[p[:n]], test_labels=y[p[:n]], train_images=x[p[n:]], "
        "train_labels=y[p[n:]])"
    )
