import json
from multiprocessing.connection import Client

import pytest

from dlbench.executors.mailbox import Mailbox


def _send(mailbox, *messages, key=None):
    with Client(mailbox.address, authkey=key or mailbox.key) as connection:
        for message in messages:
            connection.send_bytes(json.dumps(message).encode())


def test_messages_of_a_unit_arrive_in_order_and_the_end_of_its_connection_after_them():
    with Mailbox() as mailbox:
        _send(mailbox, [7, {"kind": "unit"}], [7, {"kind": "epoch", "epoch": 1}])
        arrived = [mailbox.queue.get(timeout=5) for _ in range(3)]
    assert arrived == [(7, {"kind": "unit"}), (7, {"kind": "epoch", "epoch": 1}), (7, {"kind": "drained"})]


def test_a_caller_without_the_key_is_turned_away_and_others_are_served():
    with Mailbox() as mailbox:
        with pytest.raises(Exception, match=r"digest|rejected|reset|Broken"):
            _send(mailbox, [1, {}], key=b"wrong")
        _send(mailbox, [2, {"kind": "unit"}])
        assert mailbox.queue.get(timeout=5) == (2, {"kind": "unit"})


def test_what_is_no_json_ends_its_connection_alone():
    with Mailbox() as mailbox:
        with Client(mailbox.address, authkey=mailbox.key) as connection:
            connection.send_bytes(b"\x80\x04pickle")
        assert mailbox.queue.get(timeout=5) == (-1, {"kind": "drained"})
        _send(mailbox, [2, {"kind": "unit"}])
        assert mailbox.queue.get(timeout=5) == (2, {"kind": "unit"})
