"""The loop of the tutorials, and the same with dlbench's allocator settings, layout and precision."""

import contextlib
from pathlib import Path

from workloads import LEARNING_RATE, Workload, clock, threads, torch_dataset, torch_model


class Plain:
    """torchvision's data set, PIL transforms, DataLoader, `.item()` each step. tuned: with allocator and layout.

    workers: processes of the DataLoader.
    """

    tuned = False
    device = "cpu"
    workers = 0

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        if self.tuned:
            from dlbench.executors.allocator import keep_freed_memory

            keep_freed_memory()
        import torch
        from torch.utils.data import DataLoader

        torch.set_num_threads(threads())
        self.model = torch_model(workload)
        self.layout = torch.channels_last if self.tuned else torch.contiguous_format
        self.model.to(self.device, memory_format=self.layout)
        self.optimizer = torch.optim.Adam(self.model.parameters(), LEARNING_RATE)
        self.loader = DataLoader(
            torch_dataset(workload, data_dir),
            batch,
            shuffle=True,
            num_workers=self.workers,
            pin_memory=self.device != "cpu",
            persistent_workers=self.workers > 0,
        )
        self.bfloat16 = precision == "bfloat16"

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        import torch
        from torch.nn import functional as F

        self.model.train()
        total, correct, seen, started = 0.0, 0, 0, clock()
        while True:
            for images, labels in self.loader:
                if (taken := clock() - started) >= seconds:
                    return seen, taken
                images, labels = (each.to(self.device, non_blocking=True) for each in (images, labels))
                with torch.autocast(self.device, torch.bfloat16) if self.bfloat16 else contextlib.nullcontext():
                    logits = self.model(images.contiguous(memory_format=self.layout))
                    loss = F.cross_entropy(logits, labels)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(labels)
                correct += (logits.argmax(1) == labels).sum().item()
                seen += len(labels)


class PlainTuned(Plain):
    """The plain loop with allocator and layout."""

    tuned = True


class PlainOnGpu(Plain):
    """The plain loop on a CUDA GPU, with worker processes and pinned memory."""

    device = "cuda"
    workers = 8
