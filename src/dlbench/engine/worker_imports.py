"""What every trial imports, imported once by the server that workers are forked from."""

import atexit
import gc
import multiprocessing
import os

gc.disable()  # imports leave no garbage, and collecting takes a tenth of the time

import torch._dynamo  # noqa: E402  # torch's optimizers import their compiler when they are built
import torch.utils.flop_counter  # noqa: E402

import dlbench.engine.work_unit  # noqa: E402
from dlbench.engine.global_state import remember  # noqa: E402
from dlbench.plugins.registry import Registry  # noqa: E402

Registry.load()  # shares what the plugins' records import
remember()  # what torch's functions and classes are, before any component could replace one

gc.freeze()  # no worker scans these objects again, or copies their pages by changing reference counts
gc.enable()
atexit.register(gc.unfreeze)  # otherwise extension modules that look for leaks at exit report false ones
if multiprocessing.parent_process() is None:  # the server: tearing torch down would take seconds,
    atexit.register(os._exit, 0)  # for which a reader of the command's output through a pipe would wait

__all__ = ["dlbench", "torch"]
