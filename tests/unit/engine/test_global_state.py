"""What a component changes of the process's global state is named, and restored for the trials after it."""

import gc
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import BaseTorchFunctionMode
from torch.utils._python_dispatch import BaseTorchDispatchMode, TorchDispatchMode

from dlbench.engine import training
from dlbench.engine.global_state import Watch
from dlbench.engine.process_settings import limited_threads

#: What components enter and never leave.
LEFT_ON = ExitStack()
CHANGES = {
    "torch's default dtype": partial(torch.set_default_dtype, torch.float64),
    "torch's default device": partial(torch.set_default_device, "meta"),
    "torch's number of threads": partial(torch.set_num_threads, 3),
    "torch's float32 precision": partial(torch.set_float32_matmul_precision, "medium"),
    "torch's denormal numbers": partial(torch.set_flush_denormal, True),
    "torch's gradient mode": partial(torch.set_grad_enabled, False),
    "torch's anomaly mode": partial(torch.autograd.set_detect_anomaly, True),
    "torch's autocast on cpu": partial(torch.set_autocast_enabled, "cpu", True),
    "torch's function modes": lambda: LEFT_ON.enter_context(BaseTorchFunctionMode()),
    "torch's dispatch modes": lambda: LEFT_ON.enter_context(BaseTorchDispatchMode()),
    "torch's hooks of saved tensors": lambda: LEFT_ON.enter_context(saved_tensors_hooks(torch.neg, torch.neg)),
    "torch.backends.mkldnn": partial(setattr, torch.backends.mkldnn, "enabled", False),
    "torch.backends.cudnn.benchmark": partial(setattr, torch.backends.cudnn, "benchmark", True),
    "torch.backends.mha": partial(torch.backends.mha.set_fastpath_enabled, False),
    "torch's global forward pre hooks": partial(nn.modules.module.register_module_forward_pre_hook, print),
    "torch's global optimizer post hooks": partial(register_optimizer_step_post_hook, print),
    "torch.nn.functional.relu": partial(setattr, nn.functional, "relu", torch.sigmoid),
    "torch.relu": partial(setattr, torch, "relu", torch.sigmoid),
    "torch.Tensor.backward": partial(setattr, torch.Tensor, "backward", print),
    "torch.nn.modules.linear.Linear.forward": partial(setattr, nn.Linear, "forward", print),
    "torch.nn.modules.activation.ReLU.__call__": partial(setattr, nn.ReLU, "__call__", print),
    "torch.nn.init.kaiming_uniform_": partial(setattr, nn.init, "kaiming_uniform_", print),
    "torch.optim.sgd.SGD.step": partial(setattr, torch.optim.SGD, "step", print),
    "numpy.exp": partial(setattr, np, "exp", np.log),
    "random.random": partial(setattr, random, "random", print),
    "dlbench.engine.training.train_step": partial(setattr, training, "train_step", print),
    "NumPy's handling of errors": partial(np.seterr, over="raise"),
    "the environment": partial(os.environ.update, DLBENCH_TEST="1"),
    "the current folder": partial(os.chdir, os.sep),
    "the handlers of signals": partial(signal.signal, signal.SIGALRM, signal.SIG_IGN),
    "the garbage collector": gc.disable,
    "Python's tracing": partial(sys.settrace, lambda *_: None),
    "the permissions of new files": partial(os.umask, 0o777),
    "the alarm clock": partial(signal.setitimer, signal.ITIMER_REAL, 1000),
    "the processors in use": lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),
    "the limits of resources": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, fewer_files()),
}


def fewer_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft - 1, hard


@pytest.mark.parametrize("named", CHANGES)
def test_a_change_is_named_and_restored(named):
    watch, around = Watch(), Watch()
    with around(), watch():
        CHANGES[named]()
    assert watch.changed == [named]
    assert around.changed == []


@pytest.mark.parametrize("place", [("mkldnn", "matmul"), ("mkldnn", "conv"), ("cuda", "matmul"), ("generic", "all")])
def test_a_precision_of_one_library_is_named_and_restored(place):
    before, common, watch = torch._C._get_fp32_precision_getter(*place), torch.get_float32_matmul_precision(), Watch()
    with watch():
        torch._C._set_fp32_precision_setter(*place, "tf32")
    assert watch.changed == ["torch's float32 precision"]
    assert torch._C._get_fp32_precision_getter(*place) == before
    assert torch.get_float32_matmul_precision() == common


class Negated(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **options or {})
        return -result if isinstance(result, torch.Tensor) else result


KERNELS = []


def replace_kernel():
    library = torch.library.Library("aten", "IMPL")
    library.impl("relu", lambda values: values.clamp(min=0) * 0.9, "CPU")
    KERNELS.append(library)


def negate_what_is_saved():
    LEFT_ON.enter_context(saved_tensors_hooks(torch.neg, lambda values: values))


def unchanged(values, inplace=False):
    return values


def replace_code():
    nn.functional.relu.__code__ = unchanged.__code__


def replace_defaults():
    nn.functional.relu.__defaults__ = (True,)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: LEFT_ON.enter_context(Negated()), "torch's dispatch modes"),
        (lambda: LEFT_ON.enter_context(torch.inference_mode()), "torch's inference mode"),
        (replace_kernel, "torch's kernels"),
        (negate_what_is_saved, "torch's hooks of saved tensors"),
        (replace_code, "torch.nn.functional.relu"),
        (replace_defaults, "torch.nn.functional.relu"),
    ],
)
def test_what_comes_between_torch_and_its_numbers_does_so_no_more(change, named):
    watch, weights = Watch(), torch.tensor([-1.0, 2.0], requires_grad=True)
    with watch():
        change()
    (nn.functional.relu(weights) ** 2).sum().backward()
    assert (weights.grad.tolist(), watch.changed) == ([0.0, 4.0], [named])


def test_a_thread_that_goes_on_is_named_and_those_of_libraries_are_not():
    going_on, watch, library = threading.Event(), Watch(), Watch()
    with ThreadPoolExecutor(1) as pool, library():
        pool.submit(going_on.is_set).result()
    thread = threading.Thread(target=wait_for, args=(going_on,))
    with watch():
        thread.start()
    going_on.set()
    thread.join()
    assert (library.changed, watch.changed) == ([], ["the threads that run"])


def wait_for(event):
    event.wait()


def test_threads_that_a_component_takes_within_those_of_its_trial_are_named():
    watch, before = Watch(), torch.get_num_threads()
    with watch(), limited_threads(before):
        torch.set_num_threads(before + 1)
    assert watch.changed == ["torch's number of threads"]
    assert torch.get_num_threads() == before


@pytest.mark.slow
def test_what_torch_wraps_when_it_first_compiles_is_its_own_doing():
    program = """if True:
        import torch
        from dlbench.engine.global_state import Watch
        watch, again = Watch(), Watch()
        with watch():
            network = torch.compile(torch.nn.Linear(2, 2), backend="eager")
            network(torch.ones(1, 2)).sum().backward()
            torch.optim.Adam(network.parameters()).step()
        with again():
            torch.optim.SGD(network.parameters()).step()
            torch.nn.ReLU()
        print(watch.changed, again.changed)
    """
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[] []\n"


def test_what_was_changed_is_restored_after_an_error_too():
    def fail():
        with Watch()():
            torch.set_default_dtype(torch.float64)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert torch.get_default_dtype() == torch.float32


def test_filters_of_warnings_are_restored_without_a_word_as_many_libraries_change_them():
    before, watch = list(warnings.filters), Watch()
    with watch():
        warnings.simplefilter("error")
    assert (list(warnings.filters), watch.changed) == (before, [])


@pytest.mark.parametrize("optimizer", ["Rprop", "AdamW"])  # a step of its own, an inherited one
def test_what_torch_itself_does_on_first_use_is_no_change(optimizer):
    watch = Watch()
    with watch():
        weight = nn.Parameter(torch.ones(1))
        optimizer = getattr(torch.optim, optimizer)([weight])  # the first of its class wraps the class's step
        weight.sum().backward()
        optimizer.step()
    assert watch.changed == []


def test_a_value_that_cannot_be_compared_is_restored():
    class Odd:
        def __eq__(self, other):
            raise RuntimeError("no comparing")

        __hash__ = None

    before, watch = torch.sigmoid, Watch()
    with watch():
        torch.sigmoid = Odd()
    assert torch.sigmoid is before
    assert "torch.sigmoid" in watch.changed
