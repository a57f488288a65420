"""dlbench itself, and the limit: forward, backward and step on one fixed batch in the same settings."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from workloads import LEARNING_RATE, Workload, clock, threads

from dlbench.executors.allocator import keep_freed_memory


def build_workload(
    workload: Workload,
    batch: int,
    precision: str,
    data_dir: Path,
    *,
    keep: bool = True,
    seed: int = 0,
    recordings=None,
    **settings: str,
):
    """Build one of dlbench's trials as its workers do, with all defaults except the given settings.

    keep: keep freed memory in the process, as they do. recordings: the recorded steps of earlier trials.
    """
    if keep:
        keep_freed_memory()
    import torch

    from dlbench.engine.dataset_cache import load, prepare
    from dlbench.engine.factories import build_model
    from dlbench.engine.process_settings import apply_process_settings
    from dlbench.engine.randomness import borrowed_generators
    from dlbench.engine.setup import build_setup, layout
    from dlbench.engine.warmup import compile_calls
    from dlbench.plans.build import build
    from dlbench.plans.plan import Request
    from dlbench.plugins.registry import Registry

    registry = Registry.load()
    values = {
        "model": workload.model,
        "dataset": workload.dataset,
        "augment": "crop,flip" if workload.augmented else "none",
        "batch_size": str(batch),
        "precision": precision,
        "learning_rate": str(LEARNING_RATE),
        "device": "cpu",
        **settings,
    }
    trial = build(Request(values={name: (text,) for name, text in values.items()}, seeds=1), registry).variants[0].trial
    info = prepare(registry.get("datasets", trial.dataset.name), trial.dataset.parameters, data_dir, download=False)
    trial = replace(
        trial, seed=seed, dataset_digest=info.digest, input_shape=info.input_shape, num_classes=info.num_classes
    )
    apply_process_settings(trial.settings)
    torch.set_num_threads(threads())
    with borrowed_generators(seed, "initialisation"):
        model = build_model(trial, registry).to(trial.settings.device).to(memory_format=layout(trial.settings))
        setup = build_setup(trial, load(info.digest, data_dir), model, registry, recordings)
    if trial.settings.compile:
        compile_calls(model)
    return setup


class Dlbench:
    """dlbench's own epochs, in parts: feed, metrics, optimizer and schedule.

    piece: its images, or three steps where that is more.
    """

    piece = 1280
    keep = True
    settings: ClassVar[dict[str, str]] = {}

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        setup = build_workload(workload, batch, precision, data_dir, keep=self.keep, **self.settings)
        piece = max(self.piece, 3 * batch)
        self.setup = replace(setup, train_feed=replace(setup.train_feed, indices=setup.train_feed.indices[:piece]))

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        from dlbench.engine.training import train_epoch

        images, started = 0, clock()
        while (taken := clock() - started) < seconds:
            train_epoch(self.setup)
            images += len(self.setup.train_feed)
        return images, taken


class DlbenchGivingBack(Dlbench):
    """The same, but freed memory is returned to the system, as is glibc's default."""

    keep = False


class DlbenchOnGpu(Dlbench):
    """The same in whole epochs on a CUDA GPU, the step recorded, in TF32 or bfloat16."""

    piece = 1_000_000
    settings: ClassVar[dict[str, str]] = {"device": "cuda", "cuda_graphs": "true", "matmul_precision": "high"}


class Limit:
    """The arithmetic alone: the same batch repeatedly, in dlbench's settings."""

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        self.setup = build_workload(workload, batch, precision, data_dir)
        self.images, self.labels = next(self.setup.train_feed.in_order(batch))

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        setup, images = self.setup, 0
        setup.model.train()
        started = clock()
        while (taken := clock() - started) < seconds:
            with setup.autocast():
                loss = setup.criterion(setup.model(self.images).float(), self.labels)
            setup.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            setup.optimizer.step()
            images += len(self.labels)
        return images, taken
