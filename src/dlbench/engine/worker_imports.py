"""What a trial imports sooner or later, imported once: the server that workers are forked from loads this."""

import atexit
import gc
import multiprocessing
import os

gc.disable()  # imports leave no garbage, and looking for it takes a tenth of the time

import torch._dynamo  # noqa: E402  # torch's optimizers import their compiler when they are made
import torch.utils.flop_counter  # noqa: E402

import dlbench.engine.work_unit  # noqa: E402
from dlbench.plugins.registry import Registry  # noqa: E402

Registry.load()  # what a plugin's records import is shared too

gc.freeze()  # what is here now stays for good: no worker looks through it again, or copies its pages by counting
gc.enable()
atexit.register(gc.unfreeze)  # else extension modules that look for leaks at the end believe to see some
if multiprocessing.parent_process() is None:  # the server: taking torch apart would take it seconds,
    atexit.register(os._exit, 0)  # for which whoever reads the command's output through a pipe would wait

__all__ = ["dlbench", "torch"]
