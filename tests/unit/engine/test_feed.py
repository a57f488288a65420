import numpy as np
import pytest
import torch

from dlbench.engine.augmentation import Augmentation
from dlbench.engine.feed import Feed, fit_normalization
from dlbench.errors import DlbenchError
from dlbench.trials.normalization import check_normalization

EVERYTHING = torch.arange(40)
#: More digits than a number holds: it would be infinite.
ENDLESS = ("0.5/" + 400 * "9", 400 * "9" + "/0.2", f"0.5-{400 * '9'}/0.2-0.2")


def _images(dtype=torch.uint8, count=40, channels=3):
    values = torch.randint(0, 256, (count, channels, 5, 4), generator=torch.Generator().manual_seed(0))
    return values.to(torch.uint8) if dtype == torch.uint8 else values.float() / 255


def _feed(images, indices, kind="unit"):
    labels = torch.arange(len(images)) % 10
    return Feed(images, labels, indices, fit_normalization(kind, images, indices))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_unit_normalization_gives_pixels_from_zero_to_one_whatever_the_stored_type(dtype):
    images = _images(dtype)
    (batch, _), *_ = _feed(images, EVERYTHING).in_order(40)
    expected = images.numpy().astype(np.float64) / (255 if dtype == torch.uint8 else 1)
    np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-6, atol=1e-7)


def test_standard_normalization_gives_each_channel_mean_zero_and_deviation_one_on_the_training_images():
    images, training = _images(), torch.arange(25)
    (batch, _), *_ = _feed(images, training, "standard").in_order(25)
    pixels = batch.double().transpose(0, 1).flatten(1)
    np.testing.assert_allclose(pixels.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(pixels.std(1, correction=0), 1, atol=1e-6)


def test_standard_normalization_is_measured_on_the_training_images_alone():
    images = _images()
    changed = images.clone()
    changed[30:] = 255
    first, second = (fit_normalization("standard", each, torch.arange(30)) for each in (images, changed))
    assert torch.equal(first.scale, second.scale)
    assert torch.equal(first.shift, second.shift)


def test_none_leaves_pixels_as_stored():
    images = _images()
    (batch, _), *_ = _feed(images, EVERYTHING, "none").in_order(40)
    assert torch.equal(batch, images.float())


def test_a_constant_channel_does_not_divide_by_zero():
    images = torch.full((4, 1, 2, 2), 7, dtype=torch.uint8)
    (batch, _), *_ = _feed(images, torch.arange(4), "standard").in_order(4)
    assert torch.isfinite(batch).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("constant", [0, 1, 7, 255])
def test_a_constant_channel_is_centered_and_keeps_the_scale_of_its_pixels(dtype, constant):
    images = _images(dtype, count=400)
    known = fit_normalization("standard", images, torch.arange(400))
    images[:, 2] = constant if dtype == torch.uint8 else constant / 255
    fitted = fit_normalization("standard", images, torch.arange(400))
    pixel = (1, 255)[dtype == torch.uint8]
    assert torch.equal(fitted.scale[:, :2], known.scale[:, :2])
    assert fitted.scale[0, 2, 0, 0].item() == pytest.approx(1 / pixel)
    assert fitted(images)[:, 2].abs().max() < 1e-6


def test_a_channel_with_one_other_pixel_is_not_constant():
    images = torch.full((400, 1, 5, 4), 3, dtype=torch.uint8)
    images[7, 0, 2, 2] = 4
    pixels = fit_normalization("standard", images, torch.arange(400))(images)
    assert pixels.std(correction=0).item() == pytest.approx(1, rel=1e-3)


def test_an_epoch_shows_every_training_image_once_in_an_order_that_only_the_generator_decides():
    images = _images()
    feed = _feed(images, torch.arange(5, 35))

    def labels(seed):
        order = torch.Generator().manual_seed(seed)
        return torch.cat([feed.read(batch)[1] for batch in feed.shuffled(8, order, Augmentation({}, order))])

    assert torch.equal(labels(1), labels(1))
    assert not torch.equal(labels(1), labels(2))
    assert sorted(labels(1).tolist()) == sorted(feed.labels[5:35].tolist())


@pytest.mark.parametrize(("count", "batch", "steps"), [(32, 8, 4), (33, 8, 4), (34, 8, 5), (7, 8, 1), (3, 1, 3)])
def test_a_last_batch_of_one_image_is_left_out_and_not_counted(count, batch, steps):
    feed = _feed(_images(count=count), torch.arange(count))
    batches = list(feed.shuffled(batch, torch.Generator(), Augmentation({}, torch.Generator())))
    assert len(batches) == steps == feed.steps(batch)
    assert batch == 1 or min(map(len, batches)) > 1


def test_constants_written_out_are_of_pixels_from_zero_to_one():
    images = _images()
    (batch, _), *_ = _feed(images, EVERYTHING, "0.5-0.25-0.4/0.2-0.1-0.3").in_order(40)
    expected = (images.numpy() / 255 - np.array([0.5, 0.25, 0.4])[:, None, None]) / np.array([0.2, 0.1, 0.3])[
        :, None, None
    ]
    np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-5, atol=1e-5)


def test_constants_of_another_number_of_channels_are_refused_and_one_serves_all():
    with pytest.raises(DlbenchError, match="has 2 channels, but the images have 3"):
        _feed(_images(), EVERYTHING, "0.5-0.5/0.2-0.2")
    one, three = (fit_normalization(kind, _images(), EVERYTHING) for kind in ("0.5/0.2", "0.5-0.5-0.5/0.2-0.2-0.2"))
    assert torch.equal(one.scale, three.scale)


@pytest.mark.parametrize("text", ["0.5/0", "0.5-0.5/0.2", "half", "0.5", "a/b", "-0.5/0.2", *ENDLESS])
def test_what_is_no_normalization_is_refused(text):
    with pytest.raises(DlbenchError, match="takes unit, standard, none"):
        check_normalization(text)


@pytest.mark.parametrize("text", ["0.50/.5", "0.5/0.5", "0.00001/0.5"])
def test_constants_stay_as_written_so_that_a_trial_recorded_with_them_keeps_its_identity(text):
    assert check_normalization(text) == text


def test_a_feed_s_layout_changes_no_number():
    images = _images()
    fitted = fit_normalization("unit", images, EVERYTHING)
    labels = torch.zeros(40, dtype=torch.int64)
    plain, last = (
        next(Feed(images, labels, EVERYTHING, fitted, layout).in_order(40))[0]
        for layout in (torch.contiguous_format, torch.channels_last)
    )
    assert torch.equal(plain, last)
    assert last.is_contiguous(memory_format=torch.channels_last)
