"""What arrives from a worker: messages, or a reason why it is none."""

import json
import os
import threading
from multiprocessing import Pipe

import pytest

from dlbench.executors import messages
from dlbench.executors.messages import Begun, Closed, Garbled, Over, Sender, read_messages, write_message
from dlbench.trials.events import EpochFinished, TrialFinished, TrialNoted, TrialStarted

SENDER = Sender(process=17, unit=3)


def _read(*parts):
    """Return what is read of some bytes, written one after the other, and the end of the pipe after them."""
    ours, theirs = Pipe()

    def write():
        with theirs:
            for part in parts:
                view = memoryview(part)
                while view:
                    try:
                        view = view[os.write(theirs.fileno(), view) :]
                    except OSError:
                        return

    writer = threading.Thread(target=write)
    writer.start()
    with ours:
        found = list(read_messages(ours))
    writer.join()
    return found


def test_messages_arrive_as_they_were_sent_with_their_sender(make_record):
    record = make_record()
    sent = [
        Begun(),
        TrialStarted(trial_id=record.trial_id),
        TrialStarted(trial_id=record.trial_id, provenance={"host": "n2"}),
        EpochFinished(trial_id=record.trial_id, epoch=1, metrics={"train_loss": 0.5}),
        TrialNoted(trial_id=record.trial_id, text="a note", of_variant=True),
        TrialNoted(trial_id=record.trial_id, text="A sentence on all trials.", of_plan=True),
        TrialFinished(record=record),
        Over(error="an error", spent=True),
    ]
    ours, theirs = Pipe()
    with theirs:
        for content in sent:
            write_message(theirs, SENDER, content)
    assert list(read_messages(ours)) == [*((SENDER, content) for content in sent), Closed()]


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"\x80\x04pickle",
        b"[1, 2]",
        b"7",
        b"null",
        b'{"no": "kind"}',
        b'{"from": [1, 2]}',
        b'{"from": [1, 2], "kind": "unheard-of"}',
        b'{"from": [1, 2], "kind": ["begun"]}',
        b'{"from": [1], "kind": "begun"}',
        b'{"from": ["1", 2], "kind": "begun"}',
        b'{"kind": "begun"}',
        b'{"from": [1, 2], "kind": "trial", "record": {}}',
        b'{"from": [1, 2], "kind": "trial", "record": 5}',
        b'{"from": [1, 2], "kind": "epoch", "trial_id": "a", "epoch": "1", "metrics": {}}',
        b'{"from": [1, 2], "kind": "epoch", "trial_id": "a", "epoch": 1, "metrics": {"loss": "low"}}',
        b'{"from": [1, 2], "kind": "note", "trial_id": 1, "text": "x"}',
        b"[" * 100_000,
        b'half a line{"from": [1, 2], "kind": "begun"}',
    ],
)
def test_what_is_no_message_gets_a_reason_and_nothing_after_it_is_read(line):
    (found,) = _read(line + b"\n", b'{"from": [1, 2], "kind": "begun"}\n')
    assert isinstance(found, Garbled)
    assert 0 < len(found.reason) < 400


def test_half_a_line_at_the_end_is_the_end():
    assert _read(b'{"from": [1, 2], "ki') == [Closed()]


def test_a_line_in_parts_is_one_line():
    line = json.dumps({"from": [17, 3], "kind": "begun"}).encode() + b"\n"
    assert _read(*(line[place : place + 1] for place in range(len(line)))) == [(SENDER, Begun()), Closed()]


def test_what_has_no_end_of_line_is_read_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(messages, "LONGEST_BYTES", 2**20)
    (found,) = _read(b"x" * 2**22)
    assert found == Garbled("more than 1 MiB without an end of line")


def test_a_component_that_replaces_json_dumps_changes_no_message(monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda *_: "nonsense")
    ours, theirs = Pipe()
    with theirs:
        write_message(theirs, SENDER, Begun())
    assert next(read_messages(ours)) == (SENDER, Begun())
