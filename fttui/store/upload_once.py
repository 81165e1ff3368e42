"""Upload once: a file that was sent from here, and is still there, is used again."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from typing import NamedTuple

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.models.file import File
from fttui.store.archive.archive import Archive

TRAINING = "fine-tune"
"""The purpose of files of training data."""
MOST_COMPARED = 512 * 2**20
"""Bytes above which a file is sent without being compared: reading it once more would take seconds."""
LASTS = 86400.0
"""Seconds that a file must still be kept at the provider to be used again."""


class Sent(NamedTuple):
    """A file at the provider."""

    file: File
    was_there: bool
    """Nothing was sent: it was uploaded from here before."""


async def upload_once(
    archive: Archive, client: Client, path: str, clock: Clock, *, progress: Callable[[int, int], None] | None = None
) -> Sent:
    """Send a file of training data, unless the provider still has what was sent from here with the same content.

    Args:
        progress: told the bytes sent so far, and of the file.

    Raises:
        ApiError: the provider, or the way to it, refused it.
        OSError: the file cannot be read.
    """
    digest, seen = await asyncio.to_thread(_digest, path)
    known = archive.files.uploaded(digest) if digest else None
    if known is not None and (file := await _still_there(client, known, seen[0], clock.now())) is not None:
        return Sent(file, True)
    file = await client.upload_file(path, progress=progress)
    if digest and await asyncio.to_thread(_seen, path) == seen:  # what was sent is what was compared
        await archive.files.remember_upload(digest, file.id)
    return Sent(file, False)


async def _still_there(client: Client, id: str, size: int, now: float) -> File | None:
    try:
        file = await client.with_tries(1).get_file(id)
    except ApiError:  # deleted; or it cannot be told, and then the upload will say why
        return None
    fits = file.id == id and file.bytes in (None, size) and file.purpose in ("", TRAINING)
    stays = file.status not in ("error", "deleted") and (file.expires_at is None or file.expires_at > now + LASTS)
    return file if fits and stays else None


def _digest(path: str) -> tuple[str, tuple[int, int]]:
    """The SHA-256 of a file; empty where it is too large or cannot be read, which the upload tells in its own words.
    And its size and time of change before that was read."""
    seen = _seen(path)
    if seen[0] > MOST_COMPARED or not os.path.isfile(path):
        return "", seen
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), seen
    except OSError:
        return "", seen


def _seen(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
