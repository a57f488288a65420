"""The built-in diagnostics keep what dlbench asks of a stranger's."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dlbench.plugins.registry import Registry
from dlbench.standard.diagnostic_records import DIAGNOSTICS
from dlbench.testing.diagnostics import PROMISES as DIAGNOSTIC_PROMISES
from dlbench.testing.promises import Subject, examine
from dlbench.testing.records import RECORD_PROMISES


class AppleGpu(TorchFunctionMode):
    """Shows tensors as an Apple GPU's, which has no double precision: a tensor has to come to the CPU for it first."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if str(given.get("device")) == "mps":
            given["device"] = "cpu"
        if function == Tensor.device.__get__:
            return function(args[0]) if _on_cpu(args[0]) else torch.device("mps")
        if function is Tensor.double and not _on_cpu(args[0]):
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        if function is Tensor.cpu:
            here = function(args[0]).view_as(args[0])
            here.came_to_the_cpu = True
            return here
        return function(*args, **given)


def _on_cpu(tensor: Tensor) -> bool:
    return tensor.dtype == torch.float64 or hasattr(tensor, "came_to_the_cpu")


@pytest.mark.parametrize("device", [nullcontext, AppleGpu], ids=["cpu", "apple"])
@pytest.mark.parametrize("name", [record.name for record in DIAGNOSTICS])
def test_a_built_in_diagnostic_keeps_every_promise(name: str, device: Any, registry: Registry) -> None:
    torch.manual_seed(0)
    entry = registry.get("diagnostics", name)
    defaults = {key: parameter.default for key, parameter in entry.record.parameters.items()}
    subject = Subject(entry, registry, defaults, Path("nowhere"))
    with device():
        finding = examine(subject.title, subject, (*RECORD_PROMISES, *DIAGNOSTIC_PROMISES))
    assert finding.good, str(finding)
