"""The built-in plugins pass the checks for all plugins; the reports' plugins run them in their own tests."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlbench.testing import check_plugin, conformance

pytestmark = pytest.mark.slow

test_standard = conformance("standard")
test_torchvision = conformance("torchvision")


def test_own_images_keep_the_promises_of_data_sets(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, size=(40, 8, 8, 3), dtype=np.uint8), np.arange(40) % 2
    arrays = {"train_images": images[:30], "train_labels": labels[:30]}
    np.savez(tmp_path / "images.npz", **arrays, test_images=images[30:], test_labels=labels[30:])
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = tmp_path / "folder" / ("train" if index < 30 else "test") / "ab"[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{index}.png")
    paths = {"npz": {"path": str(tmp_path / "images.npz")}, "image-folder": {"path": str(tmp_path / "folder")}}
    findings = check_plugin("standard", list(paths), paths)
    assert [str(finding) for finding in findings if not finding.good] == []
    assert all(len(finding.kept) == 10 for finding in findings)
    assert len(findings) == 2
