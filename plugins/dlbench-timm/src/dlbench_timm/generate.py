"""Write names.txt from the installed timm: `python -m dlbench_timm.generate`.

What was measured before is kept. With --measure, the smallest sizes that are still unknown are found by trial, on the
meta device, where tensors have shapes and no numbers; that takes some seconds a model, and may be interrupted.
"""

import sys
import warnings
from collections.abc import Mapping

import timm
import torch
from timm.models import get_pretrained_cfg_value, model_entrypoint

from dlbench_timm.models import build
from dlbench_timm.names import FILE, TimmModel, timm_models

#: Sizes of square images that are tried, in pixels: those of digits, MNIST, CIFAR, and then larger ones.
SIZES = (8, 28, 32, 64, 96, 128, 160, 192, 224, 256, 384, 512)


def describe(name: str, measured: Mapping[str, int | None]) -> TimmModel:
    """Ask timm what names.txt tells of one model; nothing is built. measured: smallest sizes by name."""
    _, height, width = get_pretrained_cfg_value(name, "input_size")
    return TimmModel(
        name=name,
        family=model_entrypoint(name).__module__.rpartition(".")[2],
        size=(height, width),
        fixed=bool(get_pretrained_cfg_value(name, "fixed_input_size")),
        smallest=measured.get(name),
    )


def render(measured: Mapping[str, int | None]) -> str:
    """Return names.txt."""
    return "".join(f"{describe(name, measured).line()}\n" for name in timm.list_models())


def measure(name: str) -> int:
    """Return the smallest size that works; its own where no smaller one does."""
    own = max(describe(name, {}).size)
    return next((size for size in SIZES if size < own and takes(name, size)), own)


def takes(name: str, size: int) -> bool:
    """Return whether a model can be built for square images of that size and, in training mode, takes two of them."""
    try:
        with torch.device("meta"), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # initialisation warns of what has no numbers
            logits = build(name, (3, size, size), 10).train()(torch.empty(2, 3, size, size))
    except Exception:  # whatever its code raises for a size that it was not made for
        return False
    return bool(logits.shape == (2, 10))


def known() -> dict[str, int | None]:
    """Return the smallest sizes that names.txt has."""
    return {model.name: model.smallest for model in timm_models()}


if __name__ == "__main__":
    FILE.write_text(render(known()), encoding="utf-8")
    if "--measure" in sys.argv:
        for model in timm_models():
            if model.smallest is None:
                FILE.write_text(render(known() | {model.name: measure(model.name)}), encoding="utf-8")
