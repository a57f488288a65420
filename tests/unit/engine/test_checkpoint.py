"""A training that is interrupted after any step and resumed gives the same numbers, to the last bit."""

import base64
import io
import json
import random
import threading
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import dlbench.engine.setup
from dlbench.engine.artifacts import SharedFile
from dlbench.engine.checkpoint import Checkpoints, Interrupted, pack, unpack
from dlbench.engine.factories import build_model
from dlbench.engine.run_trial import run_trial
from dlbench.engine.work_unit import is_out_of_memory, run_unit
from dlbench.plugins.registry import Registry
from dlbench.trials.events import ArtifactSaved, TrialFinished, TrialNoted, event_from_json, event_to_json
from dlbench.trials.identity import canonical_json
from dlbench.trials.work_unit import WorkUnit

BUILT_IN = Registry.load()
#: Everything that draws or remembers at once: dropout, augmentation, a plateau schedule, early stopping, momentum.
RESTLESS = {
    "model": "mlp:hidden=8:dropout=0.4",
    "augment": "crop:padding=1,flip,cutout:size=2",
    "optimizer": "sgd:momentum=0.9",
    "scheduler": "plateau:patience=0:factor=0.5",
    "learning_rate": "0.05",
    "epochs": "6",
    "patience": "4",
}


class Tripwire(threading.Event):
    """A stop that sets itself when it has been asked about a number of steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def is_set(self):
        self.steps -= 1
        return self.steps < 0


def numbers(record):
    """All of a record but what measures time and memory."""
    content = asdict(record)
    timed = ("seconds", "images_per_second")
    content["epochs"] = [{key: value for key, value in row.items() if key not in timed} for row in record.epochs]
    del content["cost"]["train_seconds"], content["cost"]["images_per_second"], content["cost"]["peak_memory_mb"]
    return canonical_json(content)


@pytest.fixture
def run(registry, make_trial, images, tmp_path):
    """Run a trial; `after` steps interrupt it, again and again, until it is through."""

    def run(after=None, **texts):
        trial = make_trial(3, **texts)
        path = tmp_path / f"{trial.trial_id}.pt"
        rows, notes = [], []

        def once(stop):
            checkpoints = Checkpoints(SharedFile(path), {"trial_id": trial.trial_id}, 3600.0, stop, notes.append)
            return run_trial(trial, images, registry, rows.append, keep_steps=True, checkpoints=checkpoints)

        if after is None:
            return numbers(once(threading.Event()))
        interruptions = 0
        while True:
            try:
                record = once(Tripwire(after))
            except Interrupted:
                interruptions += 1
                assert path.is_file()
                torch.rand(11)  # whatever else the process draws meanwhile
                np.random.rand(5)
            else:
                break
        assert interruptions > 0
        assert len(notes) == interruptions
        assert [row["epoch"] for row in rows] == list(range(1, len(record.epochs) + 1))  # each emitted once
        return numbers(record)

    return run


@pytest.mark.parametrize("select", ["best", "last", "best-on-test"])
# An epoch has six steps.
@pytest.mark.parametrize("after", [2, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (5, 6)), 13])
def test_interrupted_in_any_step_it_gives_the_same_record(run, select, after):
    assert run(after, select=select, **RESTLESS) == run(select=select, **RESTLESS)


@pytest.mark.parametrize("optimizer", [entry.name for entry in BUILT_IN.entries("optimizers")])
def test_every_optimizer_goes_on_to_the_last_bit(run, optimizer):
    texts = {"optimizer": optimizer, "model": "mlp:hidden=8", "epochs": "2"}
    assert run(5, **texts) == run(**texts)


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", [entry.name for entry in BUILT_IN.entries("schedulers")])
def test_every_schedule_goes_on_to_the_last_bit(run, scheduler):
    texts = {"scheduler": scheduler, "model": "mlp:hidden=8", "epochs": "4", "optimizer": "sgd:momentum=0.9"}
    assert run(7, **texts) == run(**texts)


@pytest.mark.parametrize(
    "texts",
    [
        {"optimizer": "adam:amsgrad=true"},
        {"optimizer": "rmsprop:momentum=0.9:centered=true"},
        {"precision": "bfloat16"},
        {"channels_last": "false", "gradient_clip": "0.5"},
        {"activation": "rrelu"},
        {"loss": "mse", "validation": "test"},
    ],
    ids=str,
)
def test_settings_go_on_to_the_last_bit(run, texts):
    assert run(4, **texts) == run(**texts)


class Counting(nn.Module):
    """Remembers in a buffer that is no part of its state dict."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()), persistent=False)

    def forward(self, x):
        self.calls += self.training
        return x * (1 + 0.01 * self.calls)


def test_buffers_outside_the_state_dict_are_resumed_too(run, monkeypatch):
    def build_counting(trial, registry):
        return nn.Sequential(build_model(trial, registry), Counting())

    monkeypatch.setattr("dlbench.engine.run_trial.build_model", build_counting)
    assert run(5) == run()


@pytest.fixture
def unit(make_trial, tmp_path):
    trial = make_trial(2, model="mlp:hidden=8:dropout=0.2", epochs="3")
    return WorkUnit(
        trials=(trial,), checkpoint_folder=str(tmp_path / "checkpoints"), checkpoint_every=3600.0, provenance_id="here"
    )


@pytest.fixture
def outcome_of(data_dir):
    """Run a unit; return the notes and the records."""

    def outcome_of(unit, stop=None):
        events = []
        run_unit(unit, data_dir, events.append, stop)
        notes = [event.text for event in events if isinstance(event, TrialNoted)]
        return notes, [event.record for event in events if isinstance(event, TrialFinished)]

    return outcome_of


@pytest.fixture
def checkpoint(unit, tmp_path, outcome_of):
    """The file that an interruption in the second epoch leaves."""
    # One question is the unit's own, before the trial; then two a step.
    assert outcome_of(unit, Tripwire(1 + 9)) == ([], [])
    (path,) = (tmp_path / "checkpoints").iterdir()
    return path


def test_a_unit_that_is_stopped_has_no_record_and_is_resumed_with_a_note(unit, checkpoint, outcome_of):
    notes, (record,) = outcome_of(unit)
    assert len(notes) == 1
    assert notes[0].startswith("resuming from a checkpoint in epoch 2, after ")
    checkpoint.unlink()
    notes, (undisturbed,) = outcome_of(unit)
    assert notes == []
    assert numbers(record) == numbers(undisturbed)


def test_diagnostics_are_resumed_with_the_training(unit, registry, outcome_of):
    """All of them: some look at the losses and the update of steps, and one cannot work on so few images."""
    names = tuple(entry.name for entry in registry.entries("diagnostics"))
    watched = WorkUnit.from_json(
        {**unit.to_json(), "diagnostics": {"diagnostics": names, "at": ["every:1"], "values": []}}
    )
    undisturbed = outcome_of(WorkUnit(trials=unit.trials, diagnostics=watched.diagnostics))[1][0]
    assert outcome_of(watched, Tripwire(1 + 9)) == ([], [])
    notes, (record,) = outcome_of(watched)
    assert notes[0].startswith("resuming from a checkpoint")
    assert numbers(record) == numbers(undisturbed)
    assert {epoch for epoch, *_ in record.diagnostics} == {1, 2, 3}


def test_a_checkpoint_made_with_other_diagnostics_is_ignored(unit, checkpoint, outcome_of):
    diagnostics = {"diagnostics": ["standard/dead-units"], "at": ["last"], "values": []}
    notes, _ = outcome_of(WorkUnit.from_json({**unit.to_json(), "diagnostics": diagnostics}))
    assert "another trial or other versions" in notes[0]


def _truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def _empty(path):
    path.write_bytes(b"")


def _rot(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def _poison(path):
    """A pickle that would run a command if it were loaded as one."""

    class Evil:
        def __reduce__(self):
            return (Path.touch, (path.with_name("poisoned"),))

    path.write_bytes(pack({"identity": {}, "state": Evil()}))


def _of_another_trial(path):
    content = unpack(path.read_bytes())
    content["identity"]["trial_id"] = "another"
    path.write_bytes(pack(content))


def _of_another_shape(path):
    content = unpack(path.read_bytes())
    name = next(iter(content["state"]["model"]))
    content["state"]["model"][name] = torch.zeros(2, 2)
    path.write_bytes(pack(content))


def _without_a_part(path):
    content = unpack(path.read_bytes())
    del content["state"]["generators"]
    path.write_bytes(pack(content))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_truncate, "cannot be read"),
        (_empty, "cannot be read"),
        (_rot, "cannot be read"),
        (_poison, "cannot be read"),
        (_of_another_trial, "another trial or other versions"),
        (_of_another_shape, "does not fit"),
        (_without_a_part, "does not fit"),
    ],
)
def test_a_checkpoint_that_is_damaged_or_of_another_trial_is_ignored_with_a_note(
    unit, checkpoint, harm, sentence, outcome_of
):
    harm(checkpoint)
    notes, (record,) = outcome_of(unit)
    assert len(notes) == 1
    assert sentence in notes[0]
    assert "starting over" in notes[0]
    assert not checkpoint.with_name("poisoned").exists()
    checkpoint.unlink(missing_ok=True)
    assert numbers(record) == numbers(outcome_of(unit)[1][0])


def test_a_checkpoint_of_other_versions_is_ignored(unit, checkpoint, outcome_of):
    notes, _ = outcome_of(WorkUnit.from_json({**unit.to_json(), "provenance_id": "elsewhere"}))
    assert "other versions" in notes[0]


class Stubborn(torch.optim.SGD):
    def state_dict(self):
        raise NotImplementedError("this one keeps its state to itself")


class Strange(torch.optim.SGD):
    def state_dict(self):
        return {**super().state_dict(), "window": slice(1)}


@pytest.mark.parametrize(("kind", "why"), [(Stubborn, "keeps its state to itself"), (Strange, "slice")])
def test_a_component_that_cannot_be_checkpointed_is_named_and_trained_from_the_start(
    unit, monkeypatch, kind, why, tmp_path, outcome_of
):
    monkeypatch.setattr(
        "dlbench.engine.setup.build_optimizer",
        lambda trial, registry, model: kind(model.parameters(), lr=0.1),
    )
    notes, records = outcome_of(unit, Tripwire(1 + 9))
    assert records == []
    assert len(notes) == 1
    assert "cannot be checkpointed" in notes[0]
    assert why in notes[0]
    assert not list(tmp_path.glob("checkpoints/*"))
    assert outcome_of(unit)[1][0].status == "done"


def test_a_disk_without_room_stops_no_training(unit, monkeypatch, outcome_of):
    def no_room(path, content, parents=True):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dlbench.engine.artifacts.replace_file", no_room)
    notes, (record,) = outcome_of(WorkUnit.from_json({**unit.to_json(), "checkpoint_every": 1e-9}))
    assert record.status == "done"
    folder = unit.checkpoint_folder
    assert notes == [f"the checkpoint could not be written to {folder}: No space left on device"]


def test_checkpoints_are_saved_every_so_many_seconds_and_change_no_number(unit, tmp_path, outcome_of):
    undisturbed = outcome_of(WorkUnit(trials=unit.trials))[1][0]
    assert not (tmp_path / "checkpoints").exists()
    record = outcome_of(WorkUnit.from_json({**unit.to_json(), "checkpoint_every": 1e-9}))[1][0]
    assert numbers(record) == numbers(undisturbed)
    (path,) = (tmp_path / "checkpoints").iterdir()  # nothing half-written beside it
    state = unpack(path.read_bytes())["state"]
    assert (len(state["rows"]), len(state["part"]["sizes"])) == (2, 6)


def test_an_exception_removes_the_checkpoint_and_keeps_the_epochs_of_before(unit, checkpoint, monkeypatch, outcome_of):
    step = dlbench.engine.setup.train_step

    def broken(setup, batch):
        raise ValueError("broken by now")

    monkeypatch.setattr(dlbench.engine.setup, "train_step", broken)
    _, (record,) = outcome_of(unit)
    assert record.status == "failed"
    assert [row["epoch"] for row in record.epochs] == [1]
    assert not checkpoint.exists()
    monkeypatch.setattr(dlbench.engine.setup, "train_step", step)


@pytest.fixture
def stuck(monkeypatch):
    """Checkpoints cannot be removed."""

    def remove(file):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(SharedFile, "remove", remove)


@pytest.mark.usefixtures("stuck")
def test_a_checkpoint_that_cannot_be_removed_hides_no_failure(unit, checkpoint, monkeypatch, outcome_of):
    def broken(setup, batch):
        raise ValueError("broken by now")

    monkeypatch.setattr(dlbench.engine.setup, "train_step", broken)
    (_, note), (record,) = outcome_of(unit)
    assert (record.status, record.message) == ("failed", "ValueError: broken by now")
    assert [row["epoch"] for row in record.epochs] == [1]
    assert note == f"the checkpoint in {checkpoint.parent} could not be removed: Read-only file system"


@pytest.mark.usefixtures("stuck")
def test_a_checkpoint_that_neither_fits_nor_can_be_removed_is_ignored(unit, checkpoint, outcome_of):
    _of_another_shape(checkpoint)
    (stays, unfit), (record,) = outcome_of(unit)
    assert "could not be removed: Read-only file system" in stays
    assert "does not fit" in unfit
    assert numbers(record) == numbers(outcome_of(WorkUnit(trials=unit.trials))[1][0])


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no more"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: "
                     "you tried to allocate 400000000000000 bytes."),
    ],
)  # fmt: skip
def test_a_lack_of_memory_is_distinguished_from_a_failure_and_keeps_the_checkpoint(
    unit, checkpoint, monkeypatch, error, outcome_of
):
    def hungry(setup, batch):
        raise error

    monkeypatch.setattr(dlbench.engine.setup, "train_step", hungry)
    assert outcome_of(unit)[1][0].status == "oom"
    assert checkpoint.exists()


def test_what_torch_says_when_memory_cannot_be_had_is_recognised():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)


def test_without_a_folder_a_stop_ends_the_trial_and_leaves_nothing(unit, tmp_path, outcome_of):
    assert outcome_of(WorkUnit(trials=unit.trials), Tripwire(1 + 9)) == ([], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("amount", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_checkpoint_that_was_damaged_anywhere_is_not_used(amount):
    draw, whole = random.Random(0), pack({"identity": {"format": "2"}, "state": {"part": torch.arange(9.0)}})
    for _ in range(amount):
        place = draw.randrange(len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :]
        with pytest.raises(ValueError, match="damaged"):
            unpack(draw.choice([flipped, whole[:place]]))


@pytest.fixture
def carried(unit, data_dir):
    """Run the unit where no folder is shared; return its notes, records and files by kind."""
    away = replace(unit, checkpoint_folder="", carried=("checkpoint", "weights"))

    def run(stop=None, checkpoint=b"", every=unit.checkpoint_every):
        sent = {away.trials[0].trial_id: base64.b64encode(checkpoint).decode()} if checkpoint else {}
        events = []
        run_unit(
            WorkUnit.from_json(replace(away, checkpoints=sent, checkpoint_every=every).to_json()),
            data_dir,
            events.append,
            stop,
        )
        events = [event_from_json(json.loads(json.dumps(event_to_json(event)))) for event in events]
        notes = [event.text for event in events if isinstance(event, TrialNoted)]
        files = {event.artifact: event.data for event in events if isinstance(event, ArtifactSaved)}
        return notes, [event.record for event in events if isinstance(event, TrialFinished)], files

    return run


def test_a_checkpoint_travels_as_bytes_to_a_node_that_shares_no_folder(carried):
    notes, records, files = carried(Tripwire(1 + 9))
    assert (notes, records, list(files)) == ([], [], ["checkpoint"])
    notes, (record,), files = carried(checkpoint=files["checkpoint"])
    assert notes[0].startswith("resuming from a checkpoint in epoch 2, after ")
    _, (undisturbed,), undisturbed_files = carried()
    assert numbers(record) == numbers(undisturbed)
    states = [torch.load(io.BytesIO(each["weights"]), weights_only=True) for each in (files, undisturbed_files)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_a_checkpoint_that_is_too_large_to_travel_is_a_note_and_the_training_goes_on(carried, monkeypatch):
    monkeypatch.setattr("dlbench.engine.artifacts.LARGEST_BYTES", 2**10)
    notes, records, files = carried(Tripwire(1 + 9))
    assert (records, files) == ([], {})
    assert notes[0].startswith("the checkpoint could not be written to the session: it has more than 0 MiB")


def test_a_checkpoint_that_is_too_large_to_travel_is_packed_and_noted_once(carried, monkeypatch):
    packed = []

    def packing(content):
        packed.append(pack(content))
        return packed[-1]

    monkeypatch.setattr("dlbench.engine.artifacts.LARGEST_BYTES", 2**10)
    monkeypatch.setattr("dlbench.engine.checkpoint.pack", packing)
    notes, (record,), _ = carried(every=1e-9)
    assert (len(packed), record.status) == (1, "done")
    assert [note.partition(": ")[0] for note in notes] == [
        "the checkpoint could not be written to the session",
        "weights could not be saved",
    ]
