"""What a worker says, one line of JSON each: written whole, and checked on receipt, in this one place.

A component may have the worker's channel too: it can write to it, and a copy of the process that it forks has it. So
every message says which process and which unit it comes from, and whatever is none is an error with a reason.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlbench.components.shapes import as_table, as_text
from dlbench.trials.events import Event, event_from_json, event_to_json

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: More than any record is long, with the losses of millions of steps.
LONGEST_BYTES = 128 * 2**20
_AT_ONCE = 2**16
_SHOWN = 40
# Taken before any component can replace json.dumps or json.loads.
_encode, _decode = json.JSONEncoder().encode, json.JSONDecoder().decode


def decode(data: bytes) -> Any:
    """Return the content of JSON."""
    return _decode(data.decode())


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Which process a message comes from, and which unit of its worker it is about."""

    process: int
    unit: int


@dataclass(frozen=True)
class Begun:
    """A worker has begun its unit."""


@dataclass(frozen=True, kw_only=True)
class Over:
    """A unit is over.

    error: of an engine that raised, or "".
    spent: whether other units need a fresh process.
    """

    error: str = ""
    spent: bool = False


@dataclass(frozen=True)
class CannotStart:
    """A worker cannot start a thread."""


@dataclass(frozen=True)
class Closed:
    """The pipe has ended."""


@dataclass(frozen=True)
class Garbled:
    """Something arrived that is not a message.

    reason: why not, as text.
    """

    reason: str


Content = Event | Begun | Over | CannotStart
Received = tuple[Sender, Content] | Garbled | Closed


def write_message(connection: "Connection[Any, Any]", sender: Sender, content: Content) -> None:
    """Write a message as one line."""
    line = {"from": [sender.process, sender.unit], **_to_json(content)}
    data = memoryview(_encode(line).encode() + b"\n")
    while data:
        data = data[os.write(connection.fileno(), data) :]


def read_messages(connection: "Connection[Any, Any]") -> Iterator[Received]:
    """Yield what arrives until the pipe ends; nothing more is read after what is no message."""
    rest = bytearray()
    while True:
        try:
            part = os.read(connection.fileno(), _AT_ONCE)
        except (OSError, ValueError):
            part = b""
        if not part:
            yield Closed()
            return
        *lines, last = part.split(b"\n")
        for line in lines:
            rest += line
            yield (message := parse(bytes(rest)))
            if isinstance(message, Garbled):
                return
            rest.clear()
        rest += last
        if len(rest) > LONGEST_BYTES:
            yield Garbled(f"more than {LONGEST_BYTES // 2**20} MiB without an end of line")
            return


def parse(line: bytes) -> tuple[Sender, Content] | Garbled:
    """Return the message of a line."""
    try:
        content = as_table(decode(line), "message")
    except (ValueError, RecursionError):
        return Garbled(f"{_shortened(line)} is not JSON of a message")
    try:
        process, unit = content["from"]
        if not all(type(number) is int for number in (process, unit)):
            raise TypeError("it does not say where it comes from")
        return Sender(process=process, unit=unit), _from_json(content)
    except Exception as error:  # whatever the many readers of records say of content that is none
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        return Garbled(f"{_shortened(line)}: {reason[:200]}")


def _to_json(content: Content) -> dict[str, Any]:
    match content:
        case Begun():
            return {"kind": "begun"}
        case Over():
            return {"kind": "over", "error": content.error, "spent": content.spent}
        case CannotStart():
            return {"kind": "cannot start"}
    return event_to_json(content)


def _from_json(content: Any) -> Content:
    match content["kind"]:
        case "begun":
            return Begun()
        case "over":
            return Over(error=as_text(content["error"], "error"), spent=bool(content["spent"]))
        case "cannot start":
            return CannotStart()
    return event_from_json({key: value for key, value in content.items() if key != "from"})


def _shortened(line: bytes) -> str:
    shown = repr(line[:_SHOWN].decode(errors="replace"))
    return shown if len(line) <= _SHOWN else f"{shown[:-1]}…{shown[-1]}"
