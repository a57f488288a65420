"""What a trial imports sooner or later, imported once: the server that workers are forked from loads this."""

import torch._dynamo  # torch's optimizers import their compiler at the first step, which takes as long as torch itself
import torch.utils.flop_counter

import dlbench.engine.unit

__all__ = ["dlbench", "torch"]
