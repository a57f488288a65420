"""Identity of content: its canonical JSON and a digest of it."""

import json
from hashlib import sha256
from typing import Any


def canonical_json(content: object) -> str:
    """Return the canonical JSON text of content: sorted keys, no spaces, tuples as lists."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(content: object, length: int = 16) -> str:
    """Return the first hexadecimal digits of the SHA-256 of the content's canonical JSON."""
    return sha256(canonical_json(content).encode()).hexdigest()[:length]


def shallow_fields(record: Any) -> dict[str, Any]:
    """Return the fields of a record by name. Unlike `asdict` it copies no values: trials are serialized often."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
