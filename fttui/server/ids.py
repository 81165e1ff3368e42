"""Ids, and the names of the models that jobs make (api.md §8.4)."""

import os
import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ORGANIZATION = "org-local"


def new_id(prefix: str, length: int = 24) -> str:
    """`prefix` and `length` random letters and digits."""
    return prefix + _random(length)


def tuned_model(base: str, suffix: str | None, step: int | None) -> str:
    """A new name for a model tuned from `base`; a checkpoint's ends with its step, the final model's does not."""
    name = f"ft:{base}:local:{plain(suffix or '')}:{_random(8)}"
    return name if step is None else f"{name}:ckpt-step-{step}"


def event_id(seq: int, salt: str) -> str:
    """Event ids sort in the order of their events; the salt keeps those of two databases apart."""
    return f"ftevent-{seq:012x}{salt}"


def event_seq(id: str, salt: str) -> int | None:
    """The other way round; None for an id that this database never gave out."""
    found = re.fullmatch(rf"ftevent-([0-9a-f]{{12}}){re.escape(salt)}", id)
    return int(found[1], 16) if found else None


def new_salt() -> str:
    return os.urandom(6).hex()


def _random(length: int) -> str:
    # 62 does not divide 256; the bias is of no consequence here, uniqueness is all that is wanted.
    return "".join(_ALPHABET[byte % 62] for byte in os.urandom(length))


def plain(suffix: str) -> str:
    """A suffix as it may stand inside a model's name, where `:` and `/` would mean something."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", suffix).strip("-")
