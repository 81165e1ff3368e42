"""JSON as sent: how it is kept as text, and how two versions of an object are compared before decoding."""

import hashlib
import json
from typing import Any


def encode(raw: Any) -> str:
    """The value as ASCII JSON text, members in the order in which they came."""
    try:
        return json.dumps(raw, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        # Only what no JSON reader returned, or what is nested as deep as one can read, ends here.
        return json.dumps({"unreadable": type(raw).__name__})


def digest(raw: Any) -> int:
    """64 bits that differ when anything but the order of members differs. The same in every process."""
    try:
        text = json.dumps(raw, separators=(",", ":"), sort_keys=True)
    except (RecursionError, TypeError, ValueError):
        text = encode(raw)
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "big", signed=True)
