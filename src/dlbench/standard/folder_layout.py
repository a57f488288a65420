"""Where the images of a folder are: its splits, its classes and its files, as data sets are published and exported."""

import hashlib
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlbench.standard.files_inside import files_below, is_image, subfolders, visible
from dlbench.standard.label_tables import has_table, read_table, refuse_boxes, refuse_boxes_beside

_SPLITS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation", "dev"),
}
_SUFFIX = re.compile(r"(set|data|images)\Z")
_LIKE_A_SPLIT = re.compile(r"(seg_)?(train|test|val|pred)")

Files = Sequence[tuple[Path, int]]
"""Image files, each with its label."""


@dataclass
class Layout:
    """What was found below a folder.

    splits: the files of train, test and perhaps validation, in this order.
    class_names: the classes, by label.
    notes: what was left out, each a short phrase.
    """

    splits: Mapping[str, Files]
    class_names: Sequence[str]
    notes: Sequence[str]


@dataclass
class _Skipped:
    """What is not read.

    suffixes: of the files in class folders that are no images, counted.
    outside: how many images lie outside the class folders.
    empty: class folders without a file.
    beside: folders beside the splits.
    """

    suffixes: Counter[str] = field(default_factory=Counter)
    outside: int = 0
    empty: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        """Say it, each a short phrase."""
        if count := self.suffixes.total():
            yield f"skipped {count:,} file{'s' * (count != 1)} ({', '.join(sorted(self.suffixes))})"
        if self.outside:
            yield f"skipped {self.outside:,} image{'s' * (self.outside != 1)} outside the class folders"
        if self.empty:
            yield f"skipped empty folders ({', '.join(dict.fromkeys(self.empty))})"
        if self.beside:
            yield f"skipped folders beside the splits ({', '.join(self.beside)})"


def find_layout(folder: Path, test: str, test_fraction: float) -> Layout:
    """Find splits and classes, and a folder that holds nothing but another is passed through.

    test: "auto" for the folder of that name, "split" for a part of the training images, or another folder's name.
    test_fraction: the part. Raises ValueError with what to type where the folder cannot be read as it is.
    """
    skipped = _Skipped()
    base = _pass_through(folder, in_split=False)
    refuse_boxes(base)
    places = _split_folders(base)
    if not places:
        _check_not_splits(base)
        _check_unnamed(base, test)
        names, files = _read_classes(base, None, skipped)
        splits = _divide(base, files, test_fraction)
    else:
        places = _choose_test(base, places, test)
        skipped.beside += [place.name for place in subfolders(base) if place not in places.values()]
        names, splits = _read_splits(places, test_fraction, skipped)
    for split, found in splits.items():
        if not found:
            raise ValueError(
                f"{folder} has no images for {split} ({len(names)} class folders were found)\n{_instead(folder, split)}"
            )
    return Layout(splits, names, list(skipped.notes()))


def _instead(folder: Path, split: str) -> str:
    """Return what to type where a split has no images."""
    if split == "test":
        return f"Put images there, or test on a part of the others: image-folder:path={folder}:test=split"
    return "Put images into the class folders, or name the folder that holds them."


def _read_splits(
    places: Mapping[str, Path], test_fraction: float, skipped: _Skipped
) -> tuple[list[str], dict[str, Files]]:
    train = _pass_through(places["train"])
    names, files = _read_classes(train, None, skipped)
    if "test" not in places:
        splits = _divide(train, files, test_fraction)
    else:
        splits = {"train": files, "test": _read_classes(_pass_through(places["test"]), names, skipped)[1]}
    if "validation" in places and (own := _read_classes(_pass_through(places["validation"]), names, skipped)[1]):
        splits["validation"] = own
    return names, splits


def _split_folders(base: Path) -> dict[str, Path]:
    """Return the folders of the splits: those of their names that hold folders ("train" may be a class)."""
    found: dict[str, Path] = {}
    for place in subfolders(base):
        split = _split_of(place.name)
        if split in found:
            raise ValueError(
                f"{base} has two folders for {split}: {found[split].name} and {place.name}\n"
                "Move one of them out of the folder."
            )
        if split:
            found[split] = place
    if found and not any(map(_has_labels, found.values())):
        refuse_boxes_beside(*found.values())
        if {"train", "test"} <= found.keys():
            raise ValueError(f"{found['train']} has no class folders\n{_needs_classes(found['train'])}")
        return {}
    return found


def _check_not_splits(base: Path) -> None:
    """Raise ValueError for folders whose names all begin like those of splits, as train and test1: no classes."""
    folders = subfolders(base)
    if len(folders) > 1 and all(_LIKE_A_SPLIT.match(place.name.casefold()) for place in folders):
        names = " and ".join(place.name for place in folders)
        raise ValueError(
            f"{base} has {names}, which seem to be splits, not classes, and there are no class folders in them\n"
            f"{_needs_classes(base / 'train')}"
        )


def _check_unnamed(base: Path, test: str) -> None:
    """Raise ValueError where a folder to test on is named, and there are no splits, only classes."""
    if test not in ("auto", "split"):
        raise ValueError(
            f"test={test}: {base} has no folder train with a folder for each class, beside which {test} could be\n"
            "Put the images to train on into train, or omit test: a part of all images is then for testing."
        )


def _split_of(name: str) -> str:
    plain = _SUFFIX.sub("", re.sub(r"[\s_-]", "", name.casefold())).removeprefix("seg")  # segregated: seg_train
    return next((split for split, names in _SPLITS.items() if plain in names), "")


def _choose_test(base: Path, places: Mapping[str, Path], test: str) -> dict[str, Path]:
    """Return the folders of the splits, with the one to test on as `test` says."""
    if "train" not in places or not _has_labels(places["train"]):
        found = ", ".join(place.name for place in places.values())
        raise ValueError(f"{base} has {found}, but no folder train with a folder for each class")
    if test == "split":
        return {split: place for split, place in places.items() if split != "test"}
    if test != "auto":
        chosen = next((place for place in subfolders(base) if place.name.casefold() == test.casefold()), None)
        if chosen is None or chosen == places["train"]:
            raise ValueError(f"test={test}: there is no such folder in {base} beside {places['train'].name}")
        return {split: place for split, place in places.items() if place != chosen} | {"test": chosen}
    if "test" not in places:
        raise ValueError(f"there is no {base / 'test'} beside {places['train']}\n{_instead_of_test(places)}")
    if not _has_labels(places["test"]):
        raise ValueError(f"{places['test']} has no class folders, so no labels\n{_instead_of_test(places)}")
    return dict(places)


def _instead_of_test(places: Mapping[str, Path]) -> str:
    split = "add :test=split to test on a part of the training images (test_fraction, 0.2)"
    if "validation" not in places:
        return f"{split[0].upper()}{split[1:]}."
    own = places["validation"].name
    return f"Add {_typed(':test', own)} to the data set to test on the images of {own}, or {split}."


def _typed(name: str, value: object) -> str:
    """Return a parameter as it is typed in a shell."""
    return shlex.quote(f"{name}={value}")


def _needs_classes(place: Path) -> str:
    return f"Put its images into a folder for each class, as in {place / 'cat'} and {place / 'dog'}."


def _read_classes(
    folder: Path, known: Sequence[str] | None, skipped: _Skipped
) -> tuple[list[str], list[tuple[Path, int]]]:
    """Return the class names and the files of a split. known: the classes of the training images."""
    if not (found := read_table(folder)):
        found = {place.name: _class_files(place, skipped) for place in subfolders(folder)}
    found = {name: files for name, files in found.items() if files}
    inside = {path for files in found.values() for path in files}
    skipped.outside += sum(is_image(path) and path not in inside for path in visible(folder) if path.is_file())
    names = list(known or found)
    if unknown := [name for name in found if name not in names]:
        raise ValueError(
            f"{folder / unknown[0]} is a class that the training images do not have\n"
            f"The classes are {', '.join(names)}: rename the folder, or move it away."
        )
    if len(names) < 2:
        refuse_boxes_beside(folder)
        raise ValueError(_too_few(folder, names))
    return names, [(path, label) for label, name in enumerate(names) for path in found.get(name, ())]


def _too_few(folder: Path, names: Sequence[str]) -> str:
    found = f"one class folder with images, {names[0]}" if names else "no class folders with images"
    return f"{folder} has {found}: two are needed\n{_needs_classes(folder)}"


def _class_files(place: Path, skipped: _Skipped) -> list[Path]:
    """Return the images of a class in the order of their paths; none if the folder has no file at all."""
    files = sorted(files_below(place))
    images = [path for path in files if is_image(path)]
    if not files:
        skipped.empty.append(place.name)
    elif not images:
        kinds = ", ".join(sorted({path.suffix.lower() or "no suffix" for path in files}))
        raise ValueError(
            f"{place} has {len(files):,} file{'s' * (len(files) != 1)}, but no image that can be read ({kinds})\n"
            f"Convert them to .png or .jpg, or move the folder away."
        )
    elif not any(path.parent == place for path in files):
        _check_depth(place)
    skipped.suffixes.update(path.suffix.lower() or "no suffix" for path in files if not is_image(path))
    return images


def _check_depth(place: Path) -> None:
    """Raise ValueError for a class folder that holds only folders, but for one that is named images."""
    below = [folder.name for folder in subfolders(place)]
    if [name.casefold() for name in below] != ["images"]:
        names = ", ".join(below[:5]) + ", …" * (len(below) > 5)
        path = _typed("path", place.parent if len(below) == 1 else place)
        raise ValueError(
            f"{place} holds only folders ({names}), where images are expected\n"
            f"If these are the classes, type {path}; if not, move their images up into it."
        )


def _divide(folder: Path, files: Files, test_fraction: float) -> dict[str, Files]:
    train: list[tuple[Path, int]] = []
    test: list[tuple[Path, int]] = []
    for file, label in files:
        digest = hashlib.sha256(os.fsencode(file.relative_to(folder).as_posix())).digest()
        is_for_testing = int.from_bytes(digest[:8], "big") < test_fraction * 2**64
        (test if is_for_testing else train).append((file, label))
    return {"train": train, "test": test}


def _pass_through(folder: Path, *, in_split: bool = True) -> Path:
    """Return the folder itself, or the one that archives wrap it in: the only one, which holds folders in turn."""
    inside = [path for path in visible(folder) if path.is_dir() or is_image(path)]
    if len(inside) != 1 or not inside[0].is_dir() or not subfolders(inside[0]):
        return folder
    return folder if not in_split and _split_of(inside[0].name) else inside[0]


def _has_labels(folder: Path) -> bool:
    return bool(subfolders(folder)) or has_table(folder)
