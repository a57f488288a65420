"""Where workers send their events to the parent, and hear from it."""

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
        self._connections: dict[int, Connection[Any, Any]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Mailbox":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._listener.close()

    def tell(self, number: int, word: str) -> None:
        """Send a word to the worker of a unit, where one is connected."""
        with self._lock, suppress(KeyError, OSError, ValueError):
            self._connections[number].send_bytes(json.dumps(word).encode())

    def _accept(self) -> None:
        while self._open:
            try:
                connection = self._listener.accept()
            except Exception:  # closed, or a caller without the key
                continue
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: "Connection[Any, Any]") -> None:
        number = -1
        with connection:
            with suppress(EOFError, OSError, ValueError):
                while True:
                    number, message = json.loads(connection.recv_bytes())
                    with self._lock:
                        self._connections[number] = connection
                    if message.get("kind") == "through":
                        break
                    self.queue.put((number, message))
            self.tell(number, "received")
            with self._lock:
                self._connections.pop(number, None)
        self.queue.put((number, {"kind": "drained"}))
