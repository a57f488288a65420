"""What has changed in a data set since it was last prepared: its files, its classes, its images, their labels."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlbench.dataset_index import PreparedInfo, Snapshot, prepared_folder
from dlbench.engine.overlap import image_digests
from dlbench.files import at_home

_MOST_NAMED = 3
_SPLITS = {"train": "training", "validation": "validation", "test": "test"}


def describe_changes(before: Snapshot, now: Snapshot, path: str, data_dir: Path) -> tuple[str, ...]:
    """Return what differs, each a short phrase, beginning with the files.

    path: of the user's data, to which files are named relatively; "" for published files.
    """
    found = [
        *_files(before.files, now.files, at_home(path).resolve() if path else data_dir),
        *_sizes(before.info, now.info),
        *_images(before.info, now.info, data_dir),
    ]
    return tuple(found or ["the order of its images"])


def _files(before: Mapping[str, Sequence[int]], now: Mapping[str, Sequence[int]], base: Path) -> Iterator[str]:
    if not before:
        return
    yield from _named("added", [file for file in now if file not in before], base)
    yield from _named("removed", [file for file in before if file not in now], base)
    yield from _named("modified", [file for file in now if before.get(file, now[file]) != now[file]], base)


def _named(verb: str, files: Sequence[str], base: Path) -> Iterator[str]:
    if not files:
        return
    shown = [_relative(file, base) for file in files[:_MOST_NAMED]] + ["…"] * (len(files) > _MOST_NAMED)
    yield f"{len(files):,} file{'s' * (len(files) != 1)} {verb} ({', '.join(shown)})"


def _relative(file: str, base: Path) -> str:
    path = Path(file)
    return path.relative_to(base).as_posix() if path != base and path.is_relative_to(base) else path.name


def _sizes(before: PreparedInfo, now: PreparedInfo) -> Iterator[str]:
    """Yield what the facts about the arrays say: classes, numbers of images, their shape."""
    for verb, one, other in (("added", now, before), ("removed", before, now)):
        if names := [name for name in one.class_names if name not in other.class_names]:
            shown = names[:_MOST_NAMED] + ["…"] * (len(names) > _MOST_NAMED)
            yield f"{len(names):,} class{'es' * (len(names) != 1)} {verb} ({', '.join(shown)})"
    for split, word in _SPLITS.items():
        counts = [getattr(info, f"{split}_size") for info in (before, now)]
        if counts[0] != counts[1]:
            yield f"{counts[0]:,} → {counts[1]:,} {word} images"
    shapes = ["×".join(map(str, info.input_shape)) for info in (before, now)]
    if shapes[0] != shapes[1]:
        yield f"images of {shapes[0]} → {shapes[1]}"


def _images(before: PreparedInfo, now: PreparedInfo, data_dir: Path) -> Iterator[str]:
    """Yield, of each split, how many images are new, gone or relabeled; nothing if the old are not kept."""
    folders = [prepared_folder(info.digest, data_dir) for info in (before, now)]
    common = {*before.class_names} & {*now.class_names}
    for split, word in _SPLITS.items():
        if not all((folder / f"{split}_images.npy").is_file() for folder in folders):
            continue
        old, new = (
            _labels(folder, split, info.class_names) for folder, info in zip(folders, (before, now), strict=True)
        )
        counts = {
            "new": sum(image not in old for image in new),
            "gone": sum(image not in new for image in old),
            "with another label": sum(image in old and _relabeled(old[image], new[image], common) for image in new),
        }
        if any(counts.values()) and before.input_shape == now.input_shape:
            said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
            yield f"of the {word} images {said}"


def _relabeled(before: Counter[str], now: Counter[str], common: set[str]) -> bool:
    """Return whether copies of one image have other classes; more or fewer copies in the same are the same label."""
    differ = before != now if before.total() == now.total() else before.keys() != now.keys()
    return differ and {*before, *now} <= common


def _labels(folder: Path, split: str, names: Sequence[str]) -> dict[bytes, Counter[str]]:
    """Return the classes of each image, by its digest."""
    found: dict[bytes, Counter[str]] = {}
    labels = np.load(folder / f"{split}_labels.npy").tolist()
    for image, label in zip(image_digests(folder / f"{split}_images.npy"), labels, strict=True):
        found.setdefault(image, Counter())[names[label]] += 1
    return found
