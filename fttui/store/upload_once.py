"""Upload a file once: reuse an earlier upload with the same content while the provider has it."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.models.file import File
from fttui.store.archive.archive import Archive
from fttui.store.snapshot import Outcome

TRAINING = "fine-tune"
"""Purpose of files with training data."""
MAX_COMPARED = 512 * 2**20
"""Bytes above which a file is uploaded without comparison: computing its digest would take seconds."""
MIN_REMAINING = 86400.0
"""Seconds until the expiry of a file below which it is not reused."""


@dataclass(frozen=True, slots=True)
class Uploaded(Outcome):
    """Outcome of an upload; `id` is the file's."""

    reused: bool = False
    """The provider already had the file, so nothing was uploaded."""
    file: File | None = None
    error: ApiError | OSError | None = None
    """Reason of a failure."""


async def upload_once(
    archive: Archive, client: Client, path: str, clock: Clock, *, progress: Callable[[int, int], None] | None = None
) -> Uploaded:
    """Upload a file of training data, unless the provider still has a file with this content uploaded from here.

    Args:
        progress: receives the bytes sent so far and the size of the file.
    """
    digest, stamp = await asyncio.to_thread(_digest, path)
    known = archive.files.uploaded(digest) if digest else None
    if known is not None and (file := await _reusable(client, known, stamp[0], clock.now())) is not None:
        name = file.filename or os.path.basename(path)
        return Uploaded(True, f"{name} is already uploaded as {file.id}; reusing it", file.id, reused=True, file=file)
    try:
        file = await client.upload_file(path, progress=progress)
    except ApiError as error:
        return Uploaded(False, error.text, "", error.request_id, error.ambiguous, error=error)
    except OSError as error:
        return Uploaded(False, f"the file cannot be read: {error.strerror or error}", error=error)
    if digest and await asyncio.to_thread(_stamp, path) == stamp:  # the file did not change while it was sent
        await archive.files.remember_upload(digest, file.id)
    return Uploaded(True, f"uploaded {file.filename or file.id}", file.id, file=file)


async def _reusable(client: Client, id: str, size: int, now: float) -> File | None:
    try:
        file = await client.with_tries(1).get_file(id)
    except ApiError:  # deleted, or the request failed: then the upload gives the reason
        return None
    fits = file.id == id and file.bytes in (None, size) and file.purpose in ("", TRAINING)
    stays = file.status not in ("error", "deleted") and (
        file.expires_at is None or file.expires_at > now + MIN_REMAINING
    )
    return file if fits and stays else None


def _digest(path: str) -> tuple[str, tuple[int, int]]:
    """Return the SHA-256 of a file, and its size and time of change before the file was read.

    The digest is empty for a file that is too large or cannot be read; the upload then gives the reason.
    """
    stamp = _stamp(path)
    if stamp[0] > MAX_COMPARED or not os.path.isfile(path):
        return "", stamp
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), stamp
    except OSError:
        return "", stamp


def _stamp(path: str) -> tuple[int, int]:
    """Return size and time of change of a file."""
    try:
        found = os.stat(path)
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
