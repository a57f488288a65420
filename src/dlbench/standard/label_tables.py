"""Labels in files beside the images, as annotation tools export them: a table of classes is read, boxes are refused."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

_TABLE = "_classes.csv"
#: Files that hold boxes around objects, and who writes them.
_BOXES = {
    "_annotations.csv": "Roboflow's CSV",
    "_annotations.coco.json": "COCO",
    "_annotations.createml.json": "CreateML",
    "_darknet.labels": "YOLO",
}
#: The files that hold an image's boxes beside it: by their suffix, what is written in them, and who writes them.
_BOXES_BESIDE = {
    ".xml": (re.compile(rb"<object>"), "Pascal VOC"),
    ".txt": (re.compile(rb"\d+( [\d.]+){4}"), "YOLO"),
    ".json": (re.compile(rb'"shapes"'), "LabelMe"),
}
_ENOUGH_BYTES = 4096
#: Where boxes lie in a folder of their own: the folder beside it that has the images, what it holds, and who writes it.
_FOLDERS_OF_BOXES = {
    "labels": (("images",), "*.txt", "YOLO"),
    "annotations": (("jpegimages", "images"), "*.xml", "Pascal VOC"),
}


def has_table(folder: Path) -> bool:
    """Return whether a folder has a table that gives each of its images a class."""
    return (folder / _TABLE).is_file()


def read_table(folder: Path) -> dict[str, list[Path]]:
    """Return the images of each class, {} without a table. Raises ValueError unless it gives each image one class."""
    path = folder / _TABLE
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            (_, *names), *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}\n{_REMEDY}") from None
    found: dict[str, list[Path]] = {name: [] for name in names}
    for number, (file_name, *marks) in enumerate(rows, start=2):
        image = folder / file_name
        if image.name != file_name or not image.is_file():
            raise ValueError(f"{path}, line {number}, names {file_name}, which is not in {folder}\n{_REMEDY}")
        if sorted(marks) != ["0"] * (len(names) - 1) + ["1"]:
            chosen = [name for name, mark in zip(names, marks, strict=False) if mark == "1"]
            problem = f"gives {file_name} {len(chosen)} classes ({', '.join(chosen)})" if chosen else "marks no class"
            raise ValueError(f"{path}, line {number}, {problem}; expected one class an image\n{_REMEDY}")
        found[names[marks.index("1")]].append(image)
    return {name: sorted(images) for name, images in found.items()}


def refuse_boxes(base: Path) -> None:
    """Raise ValueError for an export whose labels are boxes in the images, by what is in a folder and those in it."""
    for place in (base, *(path for path in _inside(base).values() if path.is_dir())):
        inside = _inside(place)
        for name, kind in _BOXES.items():
            if name in inside:
                raise ValueError(_describe(inside[name], kind))
        for name, (beside, pattern, kind) in _FOLDERS_OF_BOXES.items():
            if name in inside and inside.keys() & {*beside} and any(inside[name].rglob(pattern)):
                raise ValueError(_describe(inside[name], kind))
        for path in _inside(inside["annotations"]).values() if "annotations" in inside else ():
            if path.name.startswith("instances_") and path.suffix == ".json":
                raise ValueError(_describe(path, "COCO"))


def refuse_boxes_beside(*folders: Path) -> None:
    """Raise ValueError if an image in these folders has a file of its own name beside it that holds its boxes."""
    for folder in folders:
        inside = _inside(folder)
        for path in inside.values():
            if path.suffix.lower() in _BOXES_BESIDE and _has_image(path, inside):
                written, kind = _BOXES_BESIDE[path.suffix.lower()]
                if written.search(path.read_bytes()[:_ENOUGH_BYTES]):
                    raise ValueError(_describe(path, kind))


def _has_image(path: Path, inside: Mapping[str, Path]) -> bool:
    return any(path.with_suffix(suffix).name.casefold() in inside for suffix in (".jpg", ".jpeg", ".png"))


def _inside(folder: Path) -> dict[str, Path]:
    """Return what is in a folder by its name in small letters; what cannot be listed is named by whoever reads it."""
    try:
        return {path.name.casefold(): path for path in sorted(folder.iterdir())}
    except OSError:
        return {}


def _describe(path: Path, kind: str) -> str:
    return f"{path} holds boxes around objects ({kind}), where one class an image is expected\n{_REMEDY}"


_REMEDY = (
    "Export the data as folders, one a class (in Roboflow: a classification project, format Folder Structure), or cut "
    "out what is to be told apart and put it into train/CLASS/ and test/CLASS/."
)
