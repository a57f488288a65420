import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

import dlbench.engine.unit
from dlbench.engine.unit import run_trial
from dlbench.engine.warming import left_as_it_was


def test_what_a_rehearsal_changes_in_a_model_is_put_back():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with left_as_it_was(model):
        model(torch.randn(8, 4)).square().sum().backward()
        assert not torch.equal(model[1].running_mean, before["1.running_mean"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for a CPU with g++, which is not here")
def test_a_compiled_network_trains_as_the_others_do(registry, make_trial, images, monkeypatch):
    monkeypatch.setattr(dlbench.engine.unit, "load", lambda digest, data_dir: images)
    plain, compiled = (
        run_trial(make_trial(compile=value, model="mlp:hidden=8"), Path(), registry, lambda row: None)
        for value in ("false", "true")
    )
    assert compiled.trial.trial_id != plain.trial.trial_id
    losses = [[row["train_loss"] for row in record.epochs] for record in (plain, compiled)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
