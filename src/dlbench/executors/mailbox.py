"""Where workers send their events to the parent."""

import json
import secrets
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from queue import SimpleQueue
from typing import Any

Message = tuple[int, dict[str, Any]]


class Mailbox:
    """A queue of messages, (unit number, content), with a connection for each unit: a killed worker blocks nobody.

    Messages are JSON: nothing that a worker sends is unpickled. The end of a connection is a message too, "drained".
    """

    def __init__(self) -> None:
        self.key = secrets.token_bytes(32)
        self.queue: SimpleQueue[Message] = SimpleQueue()
        self._listener = Listener(None, backlog=64, authkey=self.key)
        self.address = str(self._listener.address)
        self._open = True

    def __enter__(self) -> "Mailbox":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                connection = self._listener.accept()
            except Exception:  # closed, or a caller without the key
                continue
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: "Connection[Any, Any]") -> None:
        number = -1
        with connection, suppress(EOFError, OSError, ValueError):
            while True:
                number, message = json.loads(connection.recv_bytes())
                self.queue.put((number, message))
        self.queue.put((number, {"kind": "drained"}))
