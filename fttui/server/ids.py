"""Ids of objects, and names of tuned models."""

import os
import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ORGANIZATION = "org-local"


def new_id(prefix: str, length: int = 24) -> str:
    """Return `prefix` followed by `length` random letters and digits."""
    return prefix + _random(length)


def tuned_model(base: str, suffix: str | None, step: int | None) -> str:
    """Return a new name for a model tuned from `base`.

    Args:
        step: the step of a checkpoint, which becomes part of the name; None for the final model.
    """
    name = f"ft:{base}:local:{safe_suffix(suffix or '')}:{_random(8)}"
    return name if step is None else f"{name}:ckpt-step-{step}"


def event_id(seq: int, salt: str) -> str:
    """Return the id of an event. Event ids sort by `seq`; the salt makes them different in each database."""
    return f"ftevent-{seq:012x}{salt}"


def event_seq(id: str, salt: str) -> int | None:
    """Return the `seq` in an event id, or None if the id is from a different database."""
    found = re.fullmatch(rf"ftevent-([0-9a-f]{{12}}){re.escape(salt)}", id)
    return int(found[1], 16) if found else None


def new_salt() -> str:
    """Return a random salt for the event ids of a new database."""
    return os.urandom(6).hex()


def _random(length: int) -> str:
    # 256 is not a multiple of 62, so some letters are more likely. The ids are still unique.
    return "".join(_ALPHABET[byte % 62] for byte in os.urandom(length))


def safe_suffix(suffix: str) -> str:
    """Return a suffix without characters such as `:` and `/`, which would split the name of a model."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", suffix).strip("-")
