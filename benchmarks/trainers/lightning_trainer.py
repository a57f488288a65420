"""Lightning as users get it, and tuned: dlbench's feed, allocator settings, layout, precision and fused Adam."""

import logging
import warnings
from pathlib import Path

from ours import build_workload
from workloads import LEARNING_RATE, Workload, clock, threads, torch_dataset, torch_model

_WARM_UP = 5


class Lightning:
    """A LightningModule that logs loss and accuracy, and a Trainer without checkpoints, logger and progress bar."""

    tuned = False

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        feed = build_workload(workload, batch, precision, data_dir) if self.tuned else None
        import torch
        from torch.utils.data import DataLoader

        torch.set_num_threads(threads())
        warnings.simplefilter("ignore")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        self.module = _module(torch_model(workload), fused=self.tuned)
        self.bfloat16 = precision == "bfloat16"
        if feed is None:
            self.loader = DataLoader(torch_dataset(workload, data_dir), batch, shuffle=True)
        else:
            self.module.to(memory_format=torch.channels_last)
            self.loader = _Batches(feed)

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        import lightning

        timer = _timer(seconds)
        trainer = lightning.Trainer(
            max_epochs=-1,
            accelerator="cpu",
            precision="bf16-mixed" if self.bfloat16 else "32-true",
            callbacks=[timer],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(self.module, self.loader)
        return timer.images, timer.taken


class LightningTuned(Lightning):
    """Lightning with everything that dlbench does except the loop itself."""

    tuned = True


class _Batches:
    """dlbench's own batches as an iterable with the length of an epoch."""

    def __init__(self, feed) -> None:
        self.feed = feed

    def __len__(self) -> int:
        return self.feed.train_feed.steps(self.feed.batch_size)

    def __iter__(self):
        use = self.feed
        batches = use.train_feed.shuffled(use.batch_size, use.order, use.augmentation)
        return (use.train_feed.read(batch, use.augmentation) for batch in batches)


def _module(model, fused: bool):
    import lightning
    import torch
    from torch.nn import functional as F

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch, index):
            images, labels = batch
            logits = self.model(images)
            loss = F.cross_entropy(logits.float(), labels)
            accuracy = (logits.argmax(1) == labels).float().mean()
            self.log_dict({"train_loss": loss, "train_accuracy": accuracy}, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), LEARNING_RATE, **({"fused": True} if fused else {}))

    return Module()


def _timer(seconds: float):
    import lightning

    class Timer(lightning.Callback):
        """Counts from the sixth step on; stops the training at the time limit."""

        images, taken, steps, started = 0, 0.0, 0, 0.0

        def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
            self.steps += 1
            if self.steps <= _WARM_UP:
                self.started = clock()
                return
            self.images += len(batch[1])
            self.taken = clock() - self.started
            trainer.should_stop = self.taken >= seconds

    return Timer()
