"""One line of a journal: a record with a checksum, written and read.

A line is the record's JSON with two more keys: "format" at its beginning and, at its end, "checksum", over all bytes
before it. Lines of earlier versions have neither, so that one that has lost its checksum is not taken for theirs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dlbench.components.shapes import UnknownFieldError, as_table
from dlbench.trials.trial_record import TrialRecord

FORMAT = 2
_HEAD = b'{"format":%d,' % FORMAT
_TAIL = re.compile(rb',"checksum":"([0-9a-f]{16})"\}\Z')
_TAIL_LENGTH = 31
#: Where a record begins: nothing in its JSON reads like that.
_BEGINNING = re.compile(rb'(?=\{"(?:format|trial_id)":)')


@dataclass(frozen=True)
class Unreadable:
    """Why a line is no record.

    reason: what is wrong with it.
    whole: whether it is as it was written, perhaps by a newer dlbench.
    """

    reason: str
    whole: bool = False


def record_line(record: TrialRecord) -> bytes:
    """Return a record as its line of a journal."""
    content = json.dumps(record.to_json(), separators=(",", ":")).encode()
    covered = _HEAD + content[1:-1]
    return covered + b',"checksum":"%s"}\n' % _checksum(covered)


def parse_line(line: bytes) -> TrialRecord | Unreadable:
    """Return the record of a line, or why it has none."""
    whole = False
    try:
        content = as_table(json.loads(line), "the line")
        whole = _is_whole(line, content)
        record = TrialRecord.from_json(content)
    except RecursionError:
        return Unreadable("it is nested too deeply")
    except (json.JSONDecodeError, UnicodeDecodeError):
        return Unreadable("it is not a complete record of a trial")
    except UnknownFieldError as error:
        return Unreadable(f"{error}; perhaps a newer one wrote it", whole=True)
    except ValueError as error:
        return Unreadable(str(error), whole=whole)
    if content.get("trial_id") != record.trial_id:
        return Unreadable("its trial is not the one that it names", whole=whole)
    return record


def _is_whole(line: bytes, content: Mapping[str, Any]) -> bool:
    """Return whether a line has its checksum; raise ValueError where it has another one, or has lost it."""
    found = _TAIL.match(line[-_TAIL_LENGTH:])
    if found and _checksum(line[:-_TAIL_LENGTH]) == found[1]:
        if content.get("format") != FORMAT:
            raise UnknownFieldError([f"the format {content.get('format')!r}"])
        return True
    if "format" in content or "checksum" in content:
        raise ValueError("it was damaged after it was written: its checksum does not fit")
    return False


def _checksum(content: bytes) -> bytes:
    return sha256(content).hexdigest()[:16].encode()


def parse_damaged(line: bytes) -> Iterator[tuple[bytes, TrialRecord | Unreadable]]:
    """Yield what a damaged line consists of, with the record of each part: a lost line feed joins two records."""
    for part in _BEGINNING.split(line):
        record_alone = part[: part.rfind(b"}") + 1]
        found = parse_line(record_alone)
        if isinstance(found, TrialRecord):
            yield record_alone, found
        elif part.strip():
            yield part, parse_line(part)
