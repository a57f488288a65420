"""The workloads: five models of the plugins on real data."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Workload:
    """A model with its data set. model: its qualified name in dlbench."""

    key: str
    model: str
    dataset: str
    augmented: bool
    input_shape: tuple[int, int, int]


WORKLOADS = {
    each.key: each
    for each in (
        Workload("A", "cnn-settings/simple-cnn", "mnist", False, (1, 28, 28)),
        Workload("B", "foundations/lenet5", "cifar10", False, (3, 32, 32)),
        Workload("C", "cnn-settings/improved-cnn", "cifar10", True, (3, 32, 32)),
        Workload("D", "foundations/simplified-resnet", "cifar10", True, (3, 32, 32)),
        Workload("E", "convnet-basics/two-layer-fc", "cifar10", False, (3, 32, 32)),
    )
}
#: The pairs of the table, model and batch size.
CELLS = (("A", 64), ("A", 1024), ("B", 64), ("C", 64), ("C", 512), ("D", 128), ("E", 128))
LEARNING_RATE = 1e-3


def threads() -> int:
    """Return the number of threads of a trainer: one per core that its process may use."""
    return len(os.sched_getaffinity(0))


def clock() -> float:
    """Return wall time in seconds or, where the machine has other work, this process's processor time."""
    return time.process_time() if os.environ.get("TRAINERS_CLOCK") == "processor" else time.perf_counter()


def torch_model(workload: Workload) -> Any:
    """Build the network as dlbench does, with ReLU."""
    from pkgutil import resolve_name

    from torch import nn

    from dlbench.plugins.registry import Registry

    entry = Registry.load().get("models", workload.model)
    parameters = {name: parameter.default for name, parameter in entry.record.parameters.items()}
    return resolve_name(entry.record.factory)(workload.input_shape, 10, nn.ReLU, **parameters)


def torch_dataset(workload: Workload, data_dir: Path) -> Any:
    """Return the training images as torchvision's own classes give them: PIL images through transforms."""
    from torchvision import datasets, transforms

    steps: list[Any] = [transforms.ToTensor()]
    if workload.augmented:
        steps = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *steps]
    transform = transforms.Compose(steps)
    if workload.dataset == "mnist":
        return datasets.MNIST(data_dir, train=True, transform=transform)
    images, labels = arrays(workload, data_dir)
    return _cifar10(images.transpose(0, 2, 3, 1), labels.tolist(), transform)


def _cifar10(images: Any, labels: Any, transform: Any) -> Any:
    """Return CIFAR-10 as torchvision.datasets.CIFAR10 gives it (Image.fromarray, the transform), from any files."""
    from PIL import Image
    from torch.utils.data import Dataset

    class Cifar10(Dataset[tuple[Any, int]]):
        def __len__(self) -> int:
            return len(labels)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return transform(Image.fromarray(images[index])), labels[index]

    return Cifar10()


def arrays(workload: Workload, data_dir: Path) -> tuple[Any, Any]:
    """Return the training images, N×C×H×W as stored, and their labels."""
    from dlbench.engine.dataset_cache import load, prepare
    from dlbench.plugins.registry import Registry

    data = load(
        prepare(Registry.load().get("datasets", workload.dataset), {}, data_dir, download=False).digest, data_dir
    )
    return data.train_images, data.train_labels
