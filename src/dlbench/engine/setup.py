"""Build what one training needs: data on its device, optimizer, schedule, and the trial's seed streams."""

import contextlib
from contextlib import AbstractContextManager
from functools import partial

import torch
from torch import Tensor, nn

from dlbench.components.image_data import ImageData
from dlbench.engine.augmentation import Augmentation
from dlbench.engine.cuda_graphs import GraphedStep, can_record, make_recordable
from dlbench.engine.evaluation import build_criterion
from dlbench.engine.factories import build_optimizer, build_schedule
from dlbench.engine.feed import Feed, Normalization, fit_normalization
from dlbench.engine.randomness import generator
from dlbench.engine.recorded_steps import Recordings
from dlbench.engine.split import Split, split_data
from dlbench.engine.state import TrainingSetup
from dlbench.engine.training import train_step
from dlbench.plugins.registry import Registry
from dlbench.trials.augmentation import parse_augmentations
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial


def build_setup(
    trial: Trial, data: ImageData, model: nn.Module, registry: Registry, recordings: Recordings | None = None
) -> TrainingSetup:
    """Return the setup of a trial for a model that is already on the trial's device.

    recordings: the recorded steps of earlier trials.
    """
    settings = trial.settings
    device = torch.device(settings.device)
    split = split_data(
        data, settings.validation, settings.train_size, generator(trial.seed_of("split"), "split"), settings.test_size
    )
    train_feed, validation_feed, test_feed = build_feeds(data, split, settings.normalization, device, layout(settings))
    optimizer = build_optimizer(trial, registry, model)
    recorded = settings.cuda_graphs and can_record(device) and make_recordable(optimizer, device)
    shared = recordings.of(trial) if recordings and recorded else None
    schedule, record = build_schedule(trial, registry, optimizer, train_feed.steps(settings.batch_size))
    return TrainingSetup(
        model=model,
        optimizer=optimizer,
        step=GraphedStep(shared=shared) if recorded else train_step,
        schedule=schedule,
        interval=record.interval,
        criterion=build_criterion(settings.loss, settings.label_smoothing),
        train_feed=train_feed,
        validation_feed=validation_feed,
        test_feed=test_feed,
        order=generator(trial.seed_of("order"), "order"),
        augmentation=Augmentation(
            parse_augmentations(settings.augment), generator(trial.seed_of("augmentation"), "augmentation")
        ),
        autocast=partial(autocast, device, settings.precision),
        num_classes=len(data.class_names),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        gradient_clip=settings.gradient_clip,
        monitor=settings.monitor,
        compiled=settings.compile,
    )


def layout(settings: Settings) -> torch.memory_format:
    """Return the memory format of images and weights."""
    return torch.channels_last if settings.channels_last else torch.contiguous_format


def build_feeds(
    data: ImageData, split: Split, normalization: str, device: torch.device, layout: torch.memory_format
) -> tuple[Feed, Feed, Feed]:
    """Return the training, validation and test feeds; each array is moved to the device once."""
    train_images, train_labels = torch.from_numpy(data.train_images), torch.from_numpy(data.train_labels)
    fitted = fit_normalization(normalization, train_images, split.train)
    on_device = Normalization(fitted.scale.to(device), fitted.shift.to(device))
    train = (train_images.to(device), train_labels.to(device))
    test = (torch.from_numpy(data.test_images).to(device), torch.from_numpy(data.test_labels).to(device))
    sources: dict[str, tuple[Tensor, Tensor]] = {"train": train, "test": test}
    if data.validation_images is not None and data.validation_labels is not None:
        sources["own"] = (
            torch.from_numpy(data.validation_images).to(device),
            torch.from_numpy(data.validation_labels).to(device),
        )
    return (
        Feed(*train, split.train.to(device), on_device, layout),
        Feed(*sources[split.source], split.validation.to(device), on_device, layout),
        Feed(*test, split.test.to(device), on_device, layout),
    )


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a forward pass runs in the given precision."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
