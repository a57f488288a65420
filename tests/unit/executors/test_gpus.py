"""Which GPUs there are, by a made-up nvidia-smi and a user's own choice, and who may use which."""

import os
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dlbench.executors import slots
from dlbench.executors.gpus import ANY, VISIBLE, chosen_gpus, listed_gpus, usable_gpus
from dlbench.executors.local import LocalExecutor
from dlbench.executors.slots import Slots
from dlbench.trials.events import TrialFinished, TrialNoted
from dlbench.trials.resources import Resources
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

TWO = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
GPU 1: NVIDIA H200 (UUID: GPU-b08fc1aa-31f3-a3c4-1b1d-0b5b7a5b5d3c)
"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aa)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 1g.5gb      Device  1: (UUID: MIG-GPU-aa/7/0)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bb)
"""


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("0", ("0",)),
        ("2, 0", ("2", "0")),
        ("GPU-8932f937,GPU-5d5b", ("GPU-8932f937", "GPU-5d5b")),
        ("MIG-c7384736,MIG-GPU-aa/7/0", ("MIG-c7384736", "MIG-GPU-aa/7/0")),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ("NoDevFiles",)),
        ("1,-1,0", ("1",)),
        ("1,,0", ("1",)),
        ("0,0", ()),
    ],
)
def test_a_users_choice_is_read_as_cuda_reads_it(text, gpus):
    assert chosen_gpus(text) == gpus
    assert usable_gpus({VISIBLE: text, "PATH": ""}) == gpus


@pytest.mark.parametrize(
    "text", ["0", "2,0", "GPU-8932f937,GPU-5d5b", "MIG-c7384736,MIG-aa", "", "-1", "1,-1,0", "0,0"]
)
def test_torch_reads_a_users_choice_in_the_same_way(text, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv(VISIBLE, text)
    assert tuple(map(str, torch.cuda._parse_visible_devices())) == chosen_gpus(text)


def test_gpus_are_named_by_uuid_since_indices_of_the_driver_are_not_cudas():
    assert listed_gpus(TWO) == (
        "GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77",
        "GPU-b08fc1aa-31f3-a3c4-1b1d-0b5b7a5b5d3c",
    )


def test_a_gpu_that_is_divided_counts_by_its_parts():
    assert listed_gpus(DIVIDED) == ("MIG-c7384736-a75d-5afc-978f-d2f1294409fd", "MIG-GPU-aa/7/0", "GPU-bb")


def test_what_lists_no_gpu_lists_none():
    assert listed_gpus("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n") == ()


def test_the_driver_is_asked_where_the_user_chose_nothing(tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<END\n{TWO}END\n")
    program.chmod(0o755)
    assert usable_gpus({"PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}) == listed_gpus(TWO)


def test_without_the_drivers_program_its_files_are_counted(tmp_path):
    nowhere = {"PATH": str(tmp_path)}
    assert usable_gpus(nowhere, tmp_path) == (ANY,)
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert usable_gpus(nowhere, tmp_path) == ("0", "1", "2")


@pytest.fixture
def unit(make_record):
    def make(device="cuda", threads=1, activation="relu"):
        trial = make_record(activation=activation).trial
        trial = replace(trial, settings=replace(trial.settings, device=device, threads=threads))
        return WorkUnit(trials=(trial,), resources=Resources(cpus=threads, gpus=float(device == "cuda")))

    return make


@pytest.fixture
def machine(monkeypatch):
    """Return a function that fills the slots of a machine with a kind of unit, and tells on which GPUs they run."""

    def fill(unit, jobs=None, cores=16, gpus=("a", "b"), active=False, runs=False):
        mps = (
            SimpleNamespace(start=lambda found: found, active=active, variables={}, take_notes=list) if active else None
        )
        monkeypatch.setattr(slots, "available_cores", lambda: cores)
        monkeypatch.setattr(slots, "usable_gpus", lambda: gpus)
        monkeypatch.setattr(slots, "daemon_runs", lambda: runs)
        room, running, said = Slots(jobs, mps), [], []
        while room.fit(unit, running):
            running.append(SimpleNamespace(unit=unit, gpu=room.gpu_for(unit, running)))
            said += room.notes(running)
        return [state.gpu for state in running], said

    return fill


def test_by_default_there_is_one_trial_on_each_gpu(machine, unit):
    assert machine(unit()) == (["a", "b"], [])


def test_trials_on_gpus_need_a_core_for_each_of_their_threads(machine, unit):
    assert machine(unit(), cores=1)[0] == ["a"]
    assert machine(unit(threads=4), cores=8, gpus=("a", "b", "c"))[0] == ["a", "b"]
    assert machine(unit(threads=4), cores=2)[0] == ["a"]  # one always runs


def test_on_the_cpu_cores_count_in_all_their_threads(machine, unit):
    assert machine(unit("cpu"), cores=3)[0] == [None] * 3
    assert machine(unit("cpu", threads=2), cores=5)[0] == [None] * 2
    assert machine(unit("cpu", threads=2), cores=5, jobs=4)[0] == [None] * 4


def test_jobs_count_over_all_gpus_and_several_on_one_gain_nothing_without_mps(machine, unit):
    gpus, said = machine(unit(), jobs=5)
    assert gpus == ["a", "b", "a", "b", "a"]
    (sentence,) = said
    assert sentence == (
        "Up to 5 trials at once share 2 GPUs: without NVIDIA's MPS (--mps) trials on one GPU take turns, which gains "
        "nothing."
    )
    assert machine(unit(), jobs=1) == (["a"], [])


def test_under_mps_eight_trials_share_a_gpu_as_far_as_there_are_cores(machine, unit):
    assert machine(unit(), cores=64, active=True) == (["a", "b"] * 8, [])
    assert machine(unit(), cores=6, active=True) == (["a", "b"] * 3, [])
    assert machine(unit(), cores=6, jobs=7, active=True)[0] == ["a", "b", "a", "b", "a", "b", "a"]
    assert machine(unit(), cores=4, runs=True) == (["a", "b"] * 2, [])  # whoever started it


def test_where_nothing_tells_which_gpus_there_are_cuda_takes_its_own(machine, unit):
    assert machine(unit(), gpus=(ANY,)) == ([ANY], [])
    assert Slots(1).variables(ANY) == Slots(1).variables(None) == {}
    assert Slots(1).variables("GPU-a") == {VISIBLE: "GPU-a"}


def seeing(unit, data_dir, emit, stop):
    """Say which GPU this process sees, and wait a little, so that others run beside it."""
    (trial,) = unit.trials
    stop.wait(0.2)
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done", message=os.environ.get(VISIBLE, "all"))))


class Seeing(LocalExecutor):
    engine = f"{__name__}:seeing"
    preloaded = ("dlbench.executors.worker",)


def test_each_worker_sees_the_one_gpu_that_its_trials_run_on(unit, tmp_path, monkeypatch):
    monkeypatch.setenv(VISIBLE, "GPU-a,GPU-b")
    monkeypatch.setattr(slots, "available_cores", lambda: 4)
    units = [unit(activation=f"a{number}") for number in range(6)]
    units[3] = unit("cpu")
    events = []
    Seeing(None, str(tmp_path)).run(units, events.append, threading.Event())
    records = [event.record for event in events if isinstance(event, TrialFinished)]
    seen = [record.message for record in records if record.trial.settings.device == "cuda"]
    assert set(seen) == {"GPU-a", "GPU-b"}
    assert len(seen) == 5
    (on_cpu,) = (record for record in records if record.trial.settings.device == "cpu")
    assert on_cpu.message in ("GPU-a,GPU-b", "all")  # as the server of workers was started
    assert not [event for event in events if isinstance(event, TrialNoted)]
    assert os.environ[VISIBLE] == "GPU-a,GPU-b"


def with_torch(unit, data_dir, emit, stop):
    """Say what torch makes of the variables of this process."""
    import torch

    (trial,) = unit.trials
    said = f"{torch.cuda._parse_visible_devices()} {torch.cuda.is_initialized()} {torch.cuda._is_in_bad_fork()}"
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done", message=said)))


class WithTorch(LocalExecutor):
    engine = f"{__name__}:with_torch"


@pytest.mark.slow
def test_torch_has_not_looked_for_gpus_before_the_worker_is_told_which(unit, tmp_path, monkeypatch):
    monkeypatch.setenv(VISIBLE, "GPU-a,GPU-b")
    events = []
    WithTorch(1, str(tmp_path)).run([unit()], events.append, threading.Event())
    assert [event.record.message for event in events] == ["['GPU-a'] False False"]
