"""What runs inside a worker process: one work unit, its events sent to the parent as JSON, its prints to a file."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from dlbench.executors.allocator import keep_freed_memory
from dlbench.trial import WorkUnit, event_to_json


def start_worker() -> None:
    """Prepare a fresh worker: Ctrl-C is the parent's business, and freed memory stays."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()


def work(unit: dict[str, Any], number: int, data_dir: str, address: str, key: bytes, log: str) -> None:
    """Run one unit and send its events; the connection's end tells the parent that no more will come."""
    from dlbench.engine.unit import run_unit  # torch, which the parent must not import

    with captured_output(Path(log)), Client(address, authkey=key) as connection:

        def send(content: dict[str, Any]) -> None:
            connection.send_bytes(json.dumps([number, content]).encode())

        send({"kind": "unit"})
        run_unit(WorkUnit.from_json(unit), Path(data_dir), lambda event: send(event_to_json(event)))


@contextlib.contextmanager
def captured_output(path: Path) -> Iterator[None]:
    """Send what components print, in Python or below it, to a file: the terminal belongs to the parent."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for copy, original in zip(kept, (1, 2), strict=True):
                os.dup2(copy, original)
                os.close(copy)
