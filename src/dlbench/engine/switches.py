"""The switches of torch, NumPy and Python that any code of a process may set: how each is read, and set again."""

import gc
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.modules import module as module_hooks
from torch.optim import optimizer as optimizer_hooks

from dlbench.engine import modes

try:
    import resource
except ImportError:  # not on every system
    resource = None  # type: ignore[assignment]


class Switch(NamedTuple):
    """One switch: its name for people, how it is read and set, and whether to say that it was changed.

    It is not said of what many libraries change when they are imported, and what changes no number.
    """

    name: str
    read: Callable[[], Any]
    set: Callable[[Any], object]
    said: bool = True


def switches() -> tuple[Switch, ...]:
    """Return the switches that this version of torch has."""
    return (*_of_torch(), *_of_backends(), *_of_hooks(), *_of_python(), *_of_process())


def _of_torch() -> Iterator[Switch]:
    yield Switch("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype)
    yield Switch("torch's default device", torch.get_default_device, _set_default_device)
    yield Switch("torch's number of threads", torch.get_num_threads, torch.set_num_threads)
    yield Switch("torch's float32 precision", _float32_precision, _set_float32_precision)
    yield Switch("torch's deterministic algorithms", _deterministic, _set_deterministic)
    yield Switch("torch's denormal numbers", _keeps_denormals, lambda kept: torch.set_flush_denormal(not kept))
    yield Switch("torch's inference mode", torch.is_inference_mode_enabled, modes.set_inference_mode)
    yield Switch("torch's gradient mode", torch.is_grad_enabled, torch._C._set_grad_enabled)
    yield Switch("torch's anomaly mode", torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly)
    yield Switch("torch's autocast cache", torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled)
    yield Switch("torch's function modes", modes.function_modes, modes.set_function_modes)  # after the default device
    yield Switch("torch's dispatch modes", modes.dispatch_modes, modes.set_dispatch_modes)
    yield Switch("torch's hooks of saved tensors", modes.saved_tensor_hooks, modes.set_saved_tensor_hooks)
    yield Switch("torch's kernels", modes.kernels, modes.set_kernels)
    for device in ("cpu", "cuda"):
        yield Switch(f"torch's autocast on {device}", partial(_autocast, device), partial(_set_autocast, device))


#: How torch names its switches; each version lacks some.
_ENABLED = {
    "mkldnn": ("_get_mkldnn_enabled", "_set_mkldnn_enabled"),
    "nnpack": ("_get_nnpack_enabled", "_set_nnpack_enabled"),
    "cudnn": ("_get_cudnn_enabled", "_set_cudnn_enabled"),
    "cudnn.benchmark": ("_get_cudnn_benchmark", "_set_cudnn_benchmark"),
    "cudnn.deterministic": ("_get_cudnn_deterministic", "_set_cudnn_deterministic"),
    "cudnn.allow_tf32": ("_get_cudnn_allow_tf32", "_set_cudnn_allow_tf32"),
    "mkldnn.deterministic": ("_get_mkldnn_deterministic", "_set_mkldnn_deterministic"),
    "cuda.flash_sdp": ("_get_flash_sdp_enabled", "_set_sdp_use_flash"),
    "cuda.mem_efficient_sdp": ("_get_mem_efficient_sdp_enabled", "_set_sdp_use_mem_efficient"),
    "cuda.math_sdp": ("_get_math_sdp_enabled", "_set_sdp_use_math"),
    "cuda.matmul.allow_fp16_reduced_precision_reduction": (
        "_get_cublas_allow_fp16_reduced_precision_reduction",
        "_set_cublas_allow_fp16_reduced_precision_reduction",
    ),
    "cuda.matmul.allow_bf16_reduced_precision_reduction": (
        "_get_cublas_allow_bf16_reduced_precision_reduction",
        "_set_cublas_allow_bf16_reduced_precision_reduction",
    ),
}


def _of_backends() -> Iterator[Switch]:
    for name, (getter, setter) in _ENABLED.items():
        read, set_again = getattr(torch._C, getter, None), getattr(torch._C, setter, None)
        if read and set_again:
            yield Switch(f"torch.backends.{name}", _only_values(read), _only_values(set_again))
    mha = torch.backends.mha
    yield Switch("torch.backends.mha", mha.get_fastpath_enabled, mha.set_fastpath_enabled)


def _only_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose errors say that a build has no such switch."""

    def call(*values: Any) -> Any:
        try:
            return function(*values)
        except (RuntimeError, TypeError):  # of a build without the library, say
            return None

    return call


def _of_hooks() -> Iterator[Switch]:
    for place in (module_hooks, optimizer_hooks):
        for name, content in vars(place).items():
            if name.startswith("_global_") and isinstance(content, dict):
                title = f"torch's {name.removeprefix('_').replace('_', ' ')}"
                yield Switch(title, partial(dict, content), partial(_refill, content))


def _of_python() -> Iterator[Switch]:
    yield Switch("NumPy's handling of errors", np.geterr, lambda before: np.seterr(**before))
    yield Switch("the filters of warnings", lambda: list(warnings.filters), _set_filters, said=False)
    yield Switch("the environment", partial(dict, os.environ), partial(_refill, os.environ))
    yield Switch("the current folder", _current_folder, os.chdir)
    yield Switch("the import path", lambda: list(sys.path), partial(sys.path.__setitem__, slice(None)), said=False)
    yield Switch("the handlers of signals", _signal_handlers, _set_signal_handlers)
    yield Switch("the locale", partial(locale.setlocale, locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL))
    yield Switch("the garbage collector", gc.isenabled, lambda wanted: gc.enable() if wanted else gc.disable())
    yield Switch("Python's recursion limit", sys.getrecursionlimit, sys.setrecursionlimit)
    yield Switch("Python's switch interval", sys.getswitchinterval, sys.setswitchinterval)
    yield Switch("Python's tracing", sys.gettrace, sys.settrace)
    yield Switch("Python's profiling", sys.getprofile, sys.setprofile)


def _of_process() -> Iterator[Switch]:
    yield Switch("the permissions of new files", _file_mask, os.umask)
    yield Switch("the threads that run", _threads, lambda before: None)  # which ends with the process alone
    if hasattr(signal, "setitimer"):
        yield Switch("the alarm clock", _alarm_is_set, lambda wanted: wanted or signal.setitimer(signal.ITIMER_REAL, 0))
    if hasattr(os, "setpriority"):
        process = (os.PRIO_PROCESS, 0)
        yield Switch("the priority", partial(os.getpriority, *process), partial(os.setpriority, *process))
    if hasattr(os, "sched_setaffinity"):
        yield Switch("the processors in use", partial(os.sched_getaffinity, 0), partial(os.sched_setaffinity, 0))
    if resource is not None:
        yield Switch("the limits of resources", _limits, _set_limits)


def _set_default_device(device: torch.device) -> None:
    torch.set_default_device(None if device.type == "cpu" else device)


def _float32_precision() -> tuple[str, ...]:
    """Return the precision of products of matrices, "" where the library's own says otherwise, and of each library."""
    read = getattr(torch._C, "_get_fp32_precision_getter", lambda *_: "")
    try:
        common = torch.get_float32_matmul_precision()
    except RuntimeError:  # it does not describe what a component has set for one library
        common = ""
    return common, *(read(*place) for place in _PRECISIONS)


def _set_float32_precision(before: tuple[str, ...]) -> None:
    torch.set_float32_matmul_precision(before[0] or "highest")
    for place, precision in zip(_PRECISIONS, before[1:], strict=True):
        if precision:
            torch._C._set_fp32_precision_setter(*place, precision)


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(before: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def _keeps_denormals() -> bool:
    """Return whether tiny numbers are kept: torch can make the processor flush them, and cannot say whether it did."""
    tiny = sys.float_info.min
    return tiny / 4 != 0.0


def _autocast(device: str) -> tuple[bool, torch.dtype]:
    return torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)


def _set_autocast(device: str, before: tuple[bool, torch.dtype]) -> None:
    torch.set_autocast_enabled(device, before[0])
    torch.set_autocast_dtype(device, before[1])


def _refill(content: Any, before: Mapping[Any, Any]) -> None:
    content.clear()
    content.update(before)


def _set_filters(before: list[Any]) -> None:
    warnings.filters[:] = before  # type: ignore[index]  # a list
    warnings._filters_mutated()  # type: ignore[attr-defined]  # as every function that changes them does


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been removed
        return os.sep


def _file_mask() -> int:
    mask = os.umask(0o077)  # the only way to read it
    os.umask(mask)
    return mask


def _threads() -> set[threading.Thread]:
    """Return the threads that run and that no library here has started, but a component."""
    return {thread for thread in threading.enumerate() if not _starter(thread).startswith(_USUAL_STARTERS)}


def _starter(thread: threading.Thread) -> str:
    """Return the module of what a thread runs."""
    target = getattr(thread, "_target", None)
    module = getattr(target, "__module__", None) or type(thread).__module__
    return str(module)


def _alarm_is_set() -> bool:
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _limits() -> dict[int, tuple[int, int]]:
    return {number: resource.getrlimit(number) for number in _LIMITS}


def _set_limits(before: Mapping[int, tuple[int, int]]) -> None:
    for number, limits in before.items():
        if resource.getrlimit(number) != limits:
            resource.setrlimit(number, limits)


def _signal_handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _set_signal_handlers(before: Mapping[int, Any]) -> None:
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)


_SIGNALS = tuple(signal.valid_signals())
_LIMITS = tuple(sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}))
#: The libraries that have a precision of their own, and for what.
_PRECISIONS = (("generic", "all"), *product(("mkldnn", "cuda"), ("all", "matmul", "conv", "rnn")))
#: Whose threads are no component's.
_USUAL_STARTERS = ("threading", "concurrent.", "multiprocessing.", "torch.", "tqdm.", "dlbench.")
