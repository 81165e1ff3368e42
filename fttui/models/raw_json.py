"""JSON as sent: encoding for the archive, and digests to compare objects without decoding.

`json` is imported late, because the cockpit draws its first rows without it.
"""

from typing import Any


def encode(raw: Any) -> str:
    """Return a value as ASCII JSON text, members in their order."""
    import json

    try:
        return json.dumps(raw, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        # Only for values that no JSON parser returns, or at the limit of nesting.
        return json.dumps({"unreadable": type(raw).__name__})


def decode(text: str | None, **instead: Any) -> Any:
    """Return the value of a text that `encode` wrote.

    Args:
        text: may be damaged: then an object with the members `instead` is returned. None gives None.
    """
    if text is None:
        return None
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return instead


def digest(raw: Any) -> int:
    """Return a 64-bit digest of a value. The order of members does not count."""
    import hashlib
    import json

    try:
        text = json.dumps(raw, separators=(",", ":"), sort_keys=True)
    except (RecursionError, TypeError, ValueError):
        text = encode(raw)
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "big", signed=True)
