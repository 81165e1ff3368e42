"""Ids of objects, and names of tuned models (api.md §8.4)."""

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
    name = f"ft:{base}:local:{plain(suffix or '')}:{_random(8)}"
    return name if step is None else f"{name}:ckpt-step-{step}"


def event_id(seq: int, salt: str) -> str:
    """Return the id of an event. Ids sort like the events; the salt makes them unique across databases."""
    return f"ftevent-{seq:012x}{salt}"


def event_seq(id: str, salt: str) -> int | None:
    """Return the `seq` in an event id, or None for an id of another database."""
    found = re.fullmatch(rf"ftevent-([0-9a-f]{{12}}){re.escape(salt)}", id)
    return int(found[1], 16) if found else None


def new_salt() -> str:
    return os.urandom(6).hex()


def _random(length: int) -> str:
    # 256 is not a multiple of 62, so some letters are more likely. The ids are still unique.
    return "".join(_ALPHABET[byte % 62] for byte in os.urandom(length))


def plain(suffix: str) -> str:
    """Return a suffix in the form that is safe inside a model's name, where `:` and `/` have a meaning."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", suffix).strip("-")
