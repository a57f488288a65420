"""--mps on its way from the user to an executor that takes it."""

from types import SimpleNamespace

import pytest

from dlbench.components.records import Parameter
from dlbench.errors import DlbenchError
from dlbench.sessions.options import Options
from dlbench.sessions.run import build_executor


def test_the_local_executor_is_told_to_share_gpus(registry, tmp_path):
    assert build_executor(Options(mps=True), registry, tmp_path).mps
    assert build_executor(Options(executor="local:mps=true"), registry, tmp_path).mps
    assert not build_executor(Options(), registry, tmp_path).mps


def test_an_executor_that_cannot_share_gpus_says_so(tmp_path):
    away = SimpleNamespace(parameters={"jobs": Parameter(None, type=int)}, factory="builtins:dict")
    registry = SimpleNamespace(
        get=lambda kind, name: SimpleNamespace(record=away),
        select=lambda kind, reference: SimpleNamespace(parameters={"jobs": None}),
    )
    with pytest.raises(DlbenchError, match="The executor away has no --mps"):
        build_executor(Options(executor="away", mps=True), registry, tmp_path)
    assert build_executor(Options(executor="away", jobs=3), registry, tmp_path) == {"jobs": 3}


def test_without_a_trial_on_a_gpu_one_sentence_says_that_mps_does_nothing(session):
    sentence = "--mps does nothing: no trial of this comparison runs on an NVIDIA GPU."
    done = session(activations=("relu",), seeds=1, mps=True)
    assert done.display.notes.count(sentence) == 1
    again = session(activations=("relu",), seeds=1, name="other")
    assert sentence not in again.display.notes
    assert [unit.trials[0].trial_id for unit in again.executor.units] == [
        unit.trials[0].trial_id for unit in done.executor.units
    ]
