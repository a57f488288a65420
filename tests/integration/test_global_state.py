"""A component that changes the global state of its process changes the numbers of no other variant's trials."""

import os
import subprocess
import sys

import pytest

from dlbench import load_results

pytestmark = pytest.mark.slow

RECORDS = """
    from dlbench import Activation, hookimpl

    NAMES = ("dtype", "library", "function", "hook", "layer", "late", "threads")

    @hookimpl
    def dlbench_activations():
        return [Activation(name=name, factory=f"{__name__}_parts:{name}", summary=name) for name in NAMES]
"""
PARTS = """
    import torch
    from torch import nn
    from torch.nn import functional

    def dtype():
        torch.set_default_dtype(torch.float64)
        return nn.Tanh()

    def library():
        torch.backends.mkldnn.enabled = False
        return nn.Tanh()

    def function():
        functional.relu = lambda x, inplace=False: torch.sigmoid(x)
        return nn.Tanh()

    def hook():
        nn.modules.module.register_module_forward_hook(lambda module, inputs, output: output * 0.9)
        return nn.Tanh()

    def layer():
        nn.Linear.forward = lambda self, x: functional.linear(x, self.weight * 0.5, self.bias)
        return nn.Tanh()

    class late(nn.Module):
        def forward(self, x):
            torch.set_default_dtype(torch.float64)
            return torch.tanh(x)

    class threads(nn.Module):
        def forward(self, x):
            torch.set_num_threads(2)
            return torch.tanh(x)
"""


def test_the_trials_of_other_variants_keep_their_bits_and_the_culprits_are_named(component, data_dir, tmp_path):
    site = component("culprit", RECORDS, PARTS)
    variables = {
        "DLBENCH_DATA_DIR": str(data_dir),
        "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]),
    }
    names = [f"culprit/{name}" for name in ("dtype", "library", "function", "hook", "layer", "late", "threads")]

    def run(name, activations):
        words = ["--activation", ",".join(activations), "--seeds", "2", "--epochs", "1", "--jobs", "1", "--name", name]
        command = [sys.executable, "-m", "dlbench", "compare", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | variables, capture_output=True, text=True, check=False
        )

    def trials(name):
        records = load_results(tmp_path / "results" / name).records
        return {record.trial_id: (record.metrics, record.confusion) for record in records if record.status == "done"}

    mixed = run("mixed", ["relu", *names, "tanh"])
    assert run("alone", ["relu", "tanh"]).returncode == 0
    together, alone = trials("mixed"), trials("alone")
    assert len(alone) == 4
    assert {trial_id: together.get(trial_id) for trial_id in alone} == alone
    changed = ["torch's default dtype", "torch.backends.mkldnn", "torch.nn.functional.relu"]
    changed += ["torch's global forward hooks", "torch.nn.modules.linear.Linear.forward", "torch's default dtype"]
    changed += ["torch's number of threads"]
    for name, what in zip(names, changed, strict=True):
        assert mixed.stderr.count(f"{name} changed {what}, restored for other trials.") == 1
