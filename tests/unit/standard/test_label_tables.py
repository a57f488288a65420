"""Exports of annotation tools: tables of classes are read, boxes are refused with what to do."""

from pathlib import Path

import pytest
from PIL import Image

from dlbench.standard.folder_layout import find_layout
from dlbench.standard.image_folder import image_folder


def table(folder: Path, rows: dict[str, str], header: str = "filename, cat, dog, fox") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in rows:
        Image.new("RGB", (4, 4), "red").save(folder / name)
    (folder / "_classes.csv").write_text("\n".join([header, *(f"{name}, {marks}" for name, marks in rows.items()), ""]))


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    table(tmp_path / "train", {"a.jpg": "0, 1, 0", "b.jpg": "1, 0, 0", "c.jpg": "0, 1, 0"})
    table(tmp_path / "valid", {"d.jpg": "1, 0, 0"})
    table(tmp_path / "test", {"e.jpg": "0, 1, 0", "f.jpg": "1, 0, 0"})
    (tmp_path / "README.roboflow.txt").write_text("exported")
    return tmp_path


def labels(folder: Path, **changes: object) -> dict[str, dict[str, str]]:
    layout = find_layout(folder, **{"test": "auto", "test_fraction": 0.5} | changes)
    return {
        split: {path.name: layout.class_names[label] for path, label in files} for split, files in layout.splits.items()
    }


def test_a_table_of_classes_gives_each_image_its_label(exported: Path) -> None:
    assert labels(exported) == {
        "train": {"b.jpg": "cat", "a.jpg": "dog", "c.jpg": "dog"},
        "test": {"f.jpg": "cat", "e.jpg": "dog"},
        "validation": {"d.jpg": "cat"},
    }
    data = image_folder(Path(), False, str(exported), None, 3, 0.2)
    assert list(data.class_names) == ["cat", "dog"]


def test_images_that_the_table_does_not_list_are_skipped_and_said(exported: Path) -> None:
    Image.new("RGB", (4, 4)).save(exported / "train/z.jpg")
    layout = find_layout(exported, "auto", 0.2)
    assert len(layout.splits["train"]) == 3
    assert list(layout.notes) == ["skipped 1 image outside the class folders"]


def test_a_table_without_splits_is_split(tmp_path: Path) -> None:
    table(tmp_path, {f"{index}.jpg": "1, 0, 0" if index % 2 else "0, 0, 1" for index in range(20)})
    found = labels(tmp_path)
    assert {*found["train"].values()} == {*found["test"].values()} == {"cat", "fox"}
    assert sorted({**found["train"], **found["test"]}) == sorted(f"{index}.jpg" for index in range(20))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1, 1, 0", r"_classes\.csv, line 5, gives g\.jpg 2 classes \(cat, dog\); expected one class"),
        ("0, 0, 0", r"line 5, marks no class"),
        ("1, 0", r"line 5, gives g\.jpg 1 classes"),
    ],
)
def test_several_labels_an_image_are_refused(exported: Path, row: str, words: str) -> None:
    Image.new("RGB", (4, 4)).save(exported / "train/g.jpg")
    with (exported / "train/_classes.csv").open("a") as file:
        file.write(f"g.jpg, {row}\n")
    with pytest.raises(ValueError, match=words + r"[^\n]*\nExport the data as folders"):
        labels(exported)


@pytest.mark.parametrize("name", ["absent.jpg", "../test/e.jpg"])
def test_a_table_that_names_other_files_is_refused(exported: Path, name: str) -> None:
    with (exported / "train/_classes.csv").open("a") as file:
        file.write(f"{name}, 1, 0, 0\n")
    with pytest.raises(ValueError, match=f"line 5, names {name}, which is not in"):
        labels(exported)


@pytest.mark.parametrize("content", ["", "filename\n", "\0\0", "a,b\n\n\n"])
def test_a_damaged_table_is_named(exported: Path, content: str) -> None:
    (exported / "train/_classes.csv").write_text(content)
    with pytest.raises(ValueError, match=r"train"):
        labels(exported)


BOXES = {
    ".txt": "0 0.5 0.5 0.1 0.1\n",
    ".xml": "<annotation>\n<object><name>cat</name><bndbox></bndbox></object>\n</annotation>",
    ".json": '{"version": "5.0", "shapes": [], "imagePath": "a.jpg"}',
}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["train/_annotations.csv", "train/a.jpg", "valid/b.jpg"], "Roboflow's CSV"),
        (["_annotations.coco.json", "a.jpg"], "COCO"),
        (["data.yaml", "train/images/a.jpg", "train/labels/a.txt", "test/images/b.jpg"], "YOLO"),
        (["data.yaml", "images/train/a.jpg", "labels/train/a.txt"], "YOLO"),
        (["train/_darknet.labels", "train/a.jpg", "train/a.txt"], "YOLO"),
        (["train/a.jpg", "train/a.txt", "test/b.jpg"], "YOLO"),
        (["a.png", "a.txt", "b.png"], "YOLO"),
        (["VOC2012/Annotations/a.xml", "VOC2012/ImageSets/Main/train.txt", "VOC2012/JPEGImages/a.jpg"], "Pascal VOC"),
        (["VOC2007/Annotations/a.xml", "VOC2007/JPEGImages/a.jpg", "VOC2012/SegmentationClass/a.png"], "Pascal VOC"),
        (["Annotations/a.xml", "JPEGImages/a.jpg", "SegmentationClass/a.png"], "Pascal VOC"),
        (["annotations/a.xml", "images/a.png"], "Pascal VOC"),
        (["train/a.jpg", "train/a.xml", "valid/b.jpg", "test/c.jpg"], "Pascal VOC"),
        (["train/a.jpg", "train/a.xml", "valid/b.jpg"], "Pascal VOC"),
        (["a.JPG", "a.xml"], "Pascal VOC"),
        (["annotations/instances_train2017.json", "train2017/a.jpg", "val2017/b.jpg"], "COCO"),
        (["train/a.jpg", "train/a.json", "test/b.jpg"], "LabelMe"),
    ],
)
def test_boxes_are_refused_with_what_to_export(tmp_path: Path, files: list[str], kind: str) -> None:
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = path.suffix.lower() in (".jpg", ".png")
        Image.new("RGB", (4, 4)).save(path) if image else path.write_text(BOXES.get(path.suffix, ""))
    with pytest.raises(ValueError, match=rf"holds boxes around objects \({kind}\).*\nExport the data as folders"):
        labels(tmp_path)


def test_boxes_beside_the_images_of_classes_are_left_out(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for index in range(8):
            Image.new("RGB", (4, 4)).save(tmp_path / name / f"{index}.png")
            (tmp_path / name / f"{index}.xml").write_text(BOXES[".xml"])
    assert {*labels(tmp_path)["train"].values()} == {"cat", "dog"}


def test_captions_beside_images_are_no_boxes(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("a cat and 2 dogs")
    with pytest.raises(ValueError, match=r"has no class folders with images"):
        labels(tmp_path)


def test_classes_named_images_and_labels_are_classes(tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
        for index in range(8):
            Image.new("RGB", (4, 4)).save(tmp_path / name / f"{index}.png")
    assert {*labels(tmp_path)["train"].values()} == {"images", "labels"}


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".JPG", ".webp", ".avif", ".Png"])
def test_images_are_known_by_all_their_suffixes(tmp_path: Path, suffix: str) -> None:
    if suffix == ".avif":
        pytest.importorskip("PIL._avif", reason="this Pillow reads no AVIF")
    for name in ("train/a", "train/b", "test/a", "test/b"):
        (tmp_path / name).mkdir(parents=True)
        kind = {".jfif": "JPEG", ".jpe": "JPEG", ".avif": "AVIF"}.get(suffix)
        Image.new("RGB", (16, 16), (200, 40, 40)).save(tmp_path / name / f"1{suffix}", kind)
    data = image_folder(Path(), False, str(tmp_path), None, 3, 0.2)
    (block,) = data.train.read()
    assert abs(block[0, :, 8, 8].astype(int) - [200, 40, 40]).max() < 12
