import numpy as np
import torch

from dlbench.engine.augmentation import Augmentation
from dlbench.engine.feed import Feed, fit_normalization


def _numbered(count=6, channels=2, height=5, width=7):
    return torch.arange(1, count * channels * height * width + 1).view(count, channels, height, width).float()


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _augmented(images, seed=0, **chosen):
    augmentation = Augmentation(chosen, _generator(seed))
    (draws,) = augmentation.draw([len(images)], images.shape[1:], images.device)
    return augmentation.apply(images, draws)


def test_a_crop_is_a_window_of_the_zero_padded_image():
    images, padding = _numbered(), 2
    cropped = _augmented(images, crop={"padding": padding}).numpy()
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for image, source in zip(cropped, padded, strict=True):
        windows = [source[:, top : top + 5, left : left + 7] for top in range(5) for left in range(5)]
        assert any(np.array_equal(image, window) for window in windows)


def test_crops_of_one_batch_differ_and_every_place_is_reached():
    image = _numbered(count=1).expand(2000, -1, -1, -1)
    cropped = _augmented(image, crop={"padding": 1})
    assert len(torch.unique(cropped.flatten(1), dim=0)) == 9


def test_a_flip_mirrors_left_to_right_or_leaves_the_image():
    images = _numbered(count=400)
    flipped = _augmented(images, flip={"probability": 0.5})
    mirrored = [torch.equal(new, old.flip(2)) for new, old in zip(flipped, images, strict=True)]
    kept = [torch.equal(new, old) for new, old in zip(flipped, images, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250
    assert torch.equal(_augmented(images, flip={"probability": 1.0}), images.flip(3))
    assert torch.equal(_augmented(images, flip={"probability": 0.0}), images)


def test_a_cutout_is_one_square_clipped_at_the_edges_and_nothing_else():
    images = _numbered(count=300, height=9, width=9)
    holes = (_augmented(images, cutout={"size": 4}) == 0)[:, 0]
    assert torch.equal(
        _augmented(images, cutout={"size": 4})[~holes[:, None].expand_as(images)],
        images[~holes[:, None].expand_as(images)],
    )
    for hole in holes:
        rows, columns = hole.any(1).nonzero().flatten(), hole.any(0).nonzero().flatten()
        assert hole.sum() == len(rows) * len(columns)
        assert 2 <= len(rows) <= 4
        assert 2 <= len(columns) <= 4
    assert (holes.sum((1, 2)) == 16).any()


def test_a_cutout_covers_stored_pixels_which_are_normalized_afterwards():
    images = torch.arange(1, 97, dtype=torch.uint8).view(2, 3, 4, 4)
    places = torch.arange(2)
    normalization = fit_normalization("standard", images, places)
    feed = Feed(images, places, places, normalization)
    augmentation = Augmentation({"cutout": {"size": 8}}, _generator())  # larger than the image, wherever its center
    (batch,) = feed.shuffled(2, _generator(), augmentation)
    seen, _ = feed.read(batch, augmentation)
    assert torch.equal(seen, normalization(torch.zeros_like(images)))
    assert (seen != 0).all()  # the mean color, which the paper's code leaves


def test_stored_bytes_stay_bytes():
    images = _numbered().byte()
    chosen = {"crop": {"padding": 4}, "flip": {"probability": 0.5}, "cutout": {"size": 2}}
    augmented = _augmented(images, **chosen)
    assert augmented.dtype == torch.uint8
    assert augmented.shape == images.shape


def test_the_same_generator_gives_the_same_batch():
    chosen = {"crop": {"padding": 4}, "flip": {"probability": 0.5}, "cutout": {"size": 2}}
    first, second = (_augmented(_numbered(), 3, **chosen) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(_augmented(_numbered()), _numbered())


def test_batches_drawn_ahead_are_those_drawn_one_by_one():
    """So an epoch that is resumed from a checkpoint draws what it would have drawn."""
    chosen = {"crop": {"padding": 2}, "flip": {"probability": 0.5}, "cutout": {"size": 2}}
    images, cpu = _numbered(count=10), torch.device("cpu")
    together, alone = (Augmentation(chosen, _generator(3)) for _ in range(2))
    batches = images.split(4)
    ahead = together.draw([4, 4, 2], images.shape[1:], cpu)
    for batch, draws in zip(batches, ahead, strict=True):
        (single,) = alone.draw([len(batch)], images.shape[1:], cpu)
        assert torch.equal(together.apply(batch, draws), alone.apply(batch, single))
