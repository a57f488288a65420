import copy
import shutil

import pytest
import torch
from torch import nn

from dlbench.engine.run_trial import run_trial
from dlbench.engine.warmup import compile_calls, restored


def test_what_a_rehearsal_changes_in_a_model_is_put_back():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with restored(model):
        model(torch.randn(8, 4)).square().sum().backward()
        assert not torch.equal(model[1].running_mean, before["1.running_mean"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_whose_forward_is_torchs_own_is_compiled_and_its_copies_are_not():
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU())
    compile_calls(model, backend="eager")
    images = torch.randn(3, 1, 4, 4)
    assert torch.equal(model(images), copy.deepcopy(model)(images))
    assert counters["stats"]["unique_graphs"] == 1
    assert counters["stats"]["calls_captured"] == 3


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for a CPU with g++, which is not here")
def test_a_compiled_network_trains_as_the_others_do(registry, make_trial, images):
    plain, compiled = (
        run_trial(make_trial(compile=value, model="mlp:hidden=8"), images, registry) for value in ("false", "true")
    )
    assert compiled.trial.trial_id != plain.trial.trial_id
    losses = [[row["train_loss"] for row in record.epochs] for record in (plain, compiled)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
