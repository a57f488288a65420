"""Write classifiers.py from the installed torchvision: `python -m dlbench.torchvision.generate`.

Minimum sizes are found by trial on the meta device, where tensors have shapes and no numbers.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.torchvision.classifiers import Classifier

if TYPE_CHECKING:
    from torch import nn

NATIVE_SIZE = 224
HEADER = '''"""torchvision's classification models. Written by dlbench.torchvision.generate; do not edit."""

from typing import NamedTuple


class Classifier(NamedTuple):
    """One model under torchvision's name.

    minimum_size: the smallest square image that it trains on, in pixels. size_multiple: images must be square and
    their side a multiple of this; 1 for networks that take any size. parameters: their number for 3 channels and
    1000 classes. fixed_activation: it calls its activations as functions, so that none can be replaced.
    """

    name: str
    minimum_size: int
    size_multiple: int
    parameters: int
    fixed_activation: bool


'''


def outline(classifier: Classifier, size: int, num_classes: int = 10) -> "nn.Module":
    """Build a model for square RGB images whose parameters have shapes and no numbers."""
    from torch.nn.modules.module import register_module_parameter_registration_hook

    from dlbench.torchvision.models import build

    # Under torch.device("meta") RegNet cannot compute its widths, and initialization takes minutes.
    with register_module_parameter_registration_hook(_to_meta):  # type: ignore[arg-type]  # torch's type has no result
        return build(classifier, (3, size, size), num_classes).to("meta")


def _to_meta(_module: "nn.Module", _name: str, parameter: "nn.Parameter | None") -> "nn.Parameter | None":
    from torch import nn

    return None if parameter is None else nn.Parameter(parameter.to("meta"), parameter.requires_grad)


def takes(model: "nn.Module", size: int) -> bool:
    """Return whether the model, in training mode, takes a batch of two square images of that size."""
    import torch

    try:
        with torch.no_grad():
            model.train()(torch.empty(2, 3, size, size, device="meta"))
    except (AssertionError, RuntimeError, ValueError):  # torchvision's own checks are assertions
        return False
    return True


def smallest(model: "nn.Module") -> int:
    """Return the smallest size that works, where every larger one does."""
    low, high = 0, 1
    while not takes(model, high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if takes(model, middle) else (middle, high)
    return high


def describe(name: str) -> Classifier:
    """Find out what classifiers.py tells of one model."""
    from torch import nn

    from dlbench.torchvision.models import replace_activations

    model = outline(Classifier(name, 1, 1, 0, False), NATIVE_SIZE, num_classes=1000)
    multiple = _size_multiple(model)
    return Classifier(
        name=name,
        minimum_size=multiple if multiple > 1 else smallest(model),
        size_multiple=multiple,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        fixed_activation=not replace_activations(model, nn.Identity),
    )


def _size_multiple(model: "nn.Module") -> int:
    from torchvision.models import MaxVit, VisionTransformer

    if isinstance(model, VisionTransformer):
        return int(model.patch_size)
    if isinstance(model, MaxVit):
        return int(model.partition_size) * 2**5  # whole partitions after the fifth halving
    return 1


def render() -> str:
    """Return classifiers.py."""
    import torchvision

    rows = [describe(name) for name in torchvision.models.list_models(module=torchvision.models)]
    return f"{HEADER}CLASSIFIERS = (\n{''.join(f'    {_source(row)},{chr(10)}' for row in rows)})\n"


def _source(row: Classifier) -> str:
    name, *rest = row
    return f'Classifier("{name}", {", ".join(map(repr, rest))})'


if __name__ == "__main__":
    Path(__file__).with_name("classifiers.py").write_text(render(), encoding="utf-8")
