"""What any code of a process may put between torch and its kernels: modes, hooks of what backward needs, kernels."""

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch._C import _autograd as autograd

#: As many hooks are taken off: torch shows the last one alone.
_DEEPEST = 1000


class Stack(tuple[Any, ...]):
    """What lies on a stack; equal to another with the same objects, however these compare."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Return whether these are the same objects."""
        return isinstance(other, Stack) and [*map(id, self)] == [*map(id, other)]

    def __ne__(self, other: object) -> bool:
        """Return whether these are other objects."""
        return not self == other


def function_modes() -> Stack:
    """Return the modes that see each call of a function of torch, as `with torch.device(…)` sets one."""
    return Stack(torch._C._get_function_stack_at(index) for index in range(torch._C._len_torch_function_stack()))


def set_function_modes(before: Stack) -> None:
    """Make these the modes."""
    _set(function_modes, torch._C._pop_torch_function_stack, torch._C._push_on_torch_function_stack, before)


def dispatch_modes() -> Stack:
    """Return the modes that see each operator of torch."""
    return Stack(torch._C._get_dispatch_stack_at(index) for index in range(torch._C._len_torch_dispatch_stack()))


def set_dispatch_modes(before: Stack) -> None:
    """Make these the modes."""
    _set(
        dispatch_modes,
        partial(torch._C._pop_torch_dispatch_stack, None),
        torch._C._push_on_torch_dispatch_stack,
        before,
    )


def _set(read: Callable[[], Stack], pop: Callable[[], object], push: Callable[[Any], object], before: Stack) -> None:
    for _ in read():
        pop()
    for mode in before:
        push(mode)


def saved_tensor_hooks() -> Stack:
    """Return the last hooks of the tensors that backward needs: none, or what packs and what unpacks them."""
    return Stack(autograd._top_saved_tensors_default_hooks(True) or ())


def set_saved_tensor_hooks(before: Stack) -> None:
    """Take off hooks until these are the last."""
    for _ in range(_DEEPEST):
        if not (now := saved_tensor_hooks()) or now == before:
            break
        autograd._pop_saved_tensors_default_hooks()
    if saved_tensor_hooks() != before:
        autograd._push_saved_tensors_default_hooks(*before)


def set_inference_mode(before: bool) -> None:
    """Enter this mode for the rest of the process: one that was entered can only be left by what holds it."""
    _HELD.append(torch.inference_mode(before))
    _HELD[-1].__enter__()


def kernels() -> frozenset[str]:
    """Return which of torch's operators have kernels in Python."""
    return frozenset(key for key in torch.library._impls if key.startswith("aten/") and not key.endswith("/Meta"))


def set_kernels(before: frozenset[str]) -> None:
    """Remove the libraries with other kernels."""
    for each in gc.get_objects():
        if type(each) is torch.library.Library and (kernels() - before) & each._op_impls:
            each._destroy()


_HELD: list[torch.inference_mode] = []
