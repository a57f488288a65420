"""The settings that act on the whole process: threads, the precision of products, deterministic algorithms."""

import contextlib
import os
from collections.abc import Iterator

import threadpoolctl
import torch

from dlbench.trials.settings import Settings


def apply_process_settings(settings: Settings) -> None:
    """Apply the settings that hold for the whole process: threads, and the precision of float32 products."""
    torch.set_num_threads(settings.threads)
    torch.set_float32_matmul_precision(settings.matmul_precision)
    if settings.device == "cuda":  # otherwise convolutions use TF32 whatever the setting says
        torch.backends.cudnn.allow_tf32 = settings.matmul_precision != "highest"


@contextlib.contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Limit the threads of all libraries; what a component makes of it stays, for whoever names what was changed."""
    left = count
    try:
        with threadpoolctl.threadpool_limits(count):
            try:
                yield
            finally:
                left = torch.get_num_threads()
    finally:
        if left != count:
            torch.set_num_threads(left)


@contextlib.contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Use torch's deterministic algorithms, if wanted."""
    if not wanted:  # even switching them off imports torch's compiler, which takes seconds
        yield
        return
    variable = "CUBLAS_WORKSPACE_CONFIG"  # cuBLAS repeats nothing without it, and torch refuses
    before = os.environ.setdefault(variable, "")
    os.environ[variable] = before or ":4096:8"
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)
        os.environ[variable] = before
        if not before:
            del os.environ[variable]
