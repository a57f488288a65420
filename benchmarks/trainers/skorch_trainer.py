"""skorch as users get it."""

from pathlib import Path

from workloads import LEARNING_RATE, Workload, clock, threads, torch_dataset, torch_model

_WARM_UP = 5


class Skorch:
    """A NeuralNetClassifier without validation split, on torchvision's data set."""

    def __init__(self, workload: Workload, batch: int, precision: str, data_dir: Path) -> None:
        import torch

        torch.set_num_threads(threads())
        self.model, self.batch = torch_model(workload), batch
        self.data = torch_dataset(workload, data_dir)

    def run(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds; return images and seconds."""
        import torch
        from skorch import NeuralNetClassifier

        timer = _timer(seconds)
        net = NeuralNetClassifier(
            self.model,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=self.batch,
            max_epochs=1000,
            iterator_train__shuffle=True,
            train_split=None,
            classes=list(range(10)),
            callbacks=[timer],
            verbose=0,
        )
        net.fit(self.data, None)  # ends at the timer's KeyboardInterrupt, which skorch handles like the user's
        return timer.images, timer.taken


def _timer(seconds: float):
    from skorch.callbacks import Callback

    class Timer(Callback):
        """Counts from the sixth step on; interrupts the training at the time limit."""

        images, taken, steps, started = 0, 0.0, 0, 0.0

        def on_batch_end(self, net, batch=None, training=False, **_) -> None:
            self.steps += 1
            if self.steps <= _WARM_UP:
                self.started = clock()
                return
            self.images += len(batch[1])
            self.taken = clock() - self.started
            if self.taken >= seconds:
                raise KeyboardInterrupt

    return Timer()
