"""The identity of a content: its canonical JSON and a digest of it."""

import json
from dataclasses import fields
from hashlib import sha256
from typing import Any


def canonical_json(content: object) -> str:
    """Return the one JSON text of a content: keys sorted, no spaces, tuples as lists."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(content: object, length: int = 16) -> str:
    """Return the first hexadecimal digits of the SHA-256 of a content's canonical JSON."""
    return sha256(canonical_json(content).encode()).hexdigest()[:length]


def shallow_fields(record: Any) -> dict[str, Any]:
    """Return a record's fields by name; unlike asdict, what they hold is not copied: a trial is written out often."""
    return {item.name: getattr(record, item.name) for item in fields(record)}
