"""The committed runs can be replayed: their plans are rebuilt, identity for identity, from records or from texts."""

import shutil
from pathlib import Path

import pytest

from dlbench.plugins.registry import Registry
from dlbench.runs.locations import list_runs
from dlbench.sessions.replay import open_original, plan_replay

RUNS = list_runs(Path(__file__).parents[3] / "results")
#: Without the experiment's own file, or of other variants than the experiment has now.
NOT_ALONE = {"batch-size-causes", "last-batch-loss", "numpy-mlp"}


@pytest.fixture(scope="module")
def every_plugin():
    return Registry.load()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_committed_run_is_rebuilt(run, tmp_path, every_plugin):
    original = open_original(str(run), run.parent)
    plan = plan_replay(original, "", tmp_path, every_plugin).plan
    assert [v.record.variant_id for v in plan.variants] == [v.variant_id for v in original.plan.variants]
    varied = [trial for trial in plan.trials if trial.stream_seeds]  # of a spread: beside its comparison
    assert len(plan.trials) - len(varied) == original.plan.trial_count
    assert plan.record.criteria == original.plan.criteria
    if run.name in NOT_ALONE:
        return
    shutil.copy(run / "manifest.json", tmp_path / "sent.json")
    alone = plan_replay(open_original(str(tmp_path / "sent.json"), tmp_path), "", tmp_path / "to", every_plugin).plan
    for variant, other in zip(plan.variants, alone.variants, strict=True):
        told = ("dataset_digest", "device", "precision", "matmul_precision")  # only a machine with the data knows
        rows = [{k: v for k, v in each.trial.row().items() if k not in told} for each in (variant, other)]
        assert rows[0] == rows[1]
        assert other.trial.model.identity == variant.trial.model.identity
