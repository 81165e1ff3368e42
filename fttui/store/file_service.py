"""Files and models that a provider holds for the person: listed, sent, fetched and deleted.

Intents return an `Outcome` and never raise.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.atomic import why_not_writable, writing
from fttui.clock import Clock
from fttui.models.file import File, Model
from fttui.models.metric import csv_text
from fttui.models.raw_json import encode
from fttui.store.archive.archive import Archive
from fttui.store.polling.fetcher import Asking
from fttui.store.snapshot import Outcome
from fttui.store.upload_once import TRAINING, upload_once
from fttui.text import clean_line

AT_ONCE = 4
"""Intents of one kind that are sent side by side."""
MOST_KEPT = 64 * 2**20
"""Bytes of a downloaded result file above which the archive does not keep it."""


class _NoCsv(Exception):
    """A result file is something else, in words."""


def _as_csv(content: bytes) -> bytes:
    try:
        return csv_text(content).encode()
    except ValueError as error:
        raise _NoCsv(str(error)) from None


class Holdings(Asking):
    """A board that also speaks of files and models."""

    def __init__(self, archive: Archive, clock: Clock, *, read_only: bool = False) -> None:
        """
        Args:
            read_only: every intent that changes something is refused.
        """
        super().__init__(archive, clock)
        self._read_only = read_only
        self._listed: set[str] | None = None

    # Questions

    def has_file(self, id: str) -> bool | None:
        """Whether the provider had this file for training when its files were last listed; None while they were not."""
        return None if self._listed is None else id in self._listed

    def file(self, id: str) -> File | None:
        """A file, if it was ever seen."""
        text = self._archive.files.get(id) if id else None
        return None if text is None else File.read(json.loads(text))

    async def files(self) -> list[File]:
        """All files for training that the provider has, in its order; those once seen while it cannot be asked."""
        if self.client is not None:
            found: list[File] = []
            with suppress(ApiError):
                async for page in self.client.each_file_page(purpose=TRAINING):
                    found += page.items
                    kept = [(item.id, encode(item.raw)) for item in page.items]
                    await self._archive.files.save(kept, self._clock.now())
                self._listed = {file.id for file in found}
                return found
        return [File.read(json.loads(text)) for text in self._archive.files.all()]

    async def models(self) -> list[Model]:
        """The provider's models as it lists them; those of the last look while it cannot be asked."""
        if self.client is not None:
            try:
                page = await self.client.list_models()
            except ApiError:
                pass
            else:
                kept = [(item.id, encode(item.raw)) for item in page.items]
                await self._archive.files.save_models(kept, self._clock.now())
                return list(page.items)
        return [Model.read(json.loads(text)) for text in self._archive.files.models()]

    # Intents

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Send a file of training data, unless it is there already (see `upload_once`); the outcome's id is the file's.

        Args:
            progress: told the bytes sent so far, and of the file.
        """
        client = self._able()
        if isinstance(client, Outcome):
            return client
        uploaded = await upload_once(self._archive, client, path, self._clock, progress=progress)
        if (file := uploaded.file) is not None:
            if self._listed is not None:
                self._listed.add(file.id)
            await self._archive.files.save([(file.id, encode(file.raw))], self._clock.now())
        return uploaded

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        """Write a file's content to `path`, whole or not at all: from the archive, else as the provider sends it.

        A result file of a known job is kept in the archive on the way, up to `MOST_KEPT`. A read-only session may
        do this too.

        Args:
            overwrite: replace a file that is there.
            as_csv: a result file as the CSV it is; services send it as base64 of that (api.md §12).
            progress: told the bytes so far, and of the whole file where the provider tells.
        """
        if why := why_not_writable(path, overwrite=overwrite):
            return Outcome(False, clean_line(why), id)
        content = self._archive.files.content(id)
        job = self._job_of_result(id) if content is None else None
        client = self.client
        if content is None and client is None:
            return self._unreached(id)
        try:
            with writing(path, overwrite=overwrite) as file:
                if content is None and client is not None and as_csv:
                    content = await client.file_content(id)
                if content is not None:
                    await asyncio.to_thread(file.write, _as_csv(content) if as_csv else content)
                elif client is not None:
                    done = await client.download_file(id, file.write, progress=progress)
                    if job is not None and done <= MOST_KEPT and file.seekable():
                        file.seek(0)
                        content = await asyncio.to_thread(file.read)
                await asyncio.to_thread(_settle, file.fileno())
        except ApiError as error:
            return refusal_of(error, id)
        except _NoCsv as error:
            return Outcome(False, clean_line(str(error)), id)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            return Outcome(False, clean_line(f"{path} cannot be written: {reason}"), id)
        if job is not None and content is not None and len(content) <= MOST_KEPT:
            await self._archive.files.save_content(id, content, self._clock.now())
            self._publish(events=[job])
        return Outcome(True, clean_line(f"{path} written"), id)

    def _job_of_result(self, id: str) -> str | None:
        file = self.file(id)
        if file is not None and file.purpose == TRAINING:
            return None
        return next((job.id for job in self._archive.jobs.containing(id) if id in job.result_files), None)

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete files at the provider; what the archive knows of them, and keeps of results, stays."""
        outcomes = await self._delete_each(ids, lambda client, id: client.delete_file(id))
        if self._listed is not None:
            self._listed -= {id for id, outcome in outcomes.items() if outcome.ok}
        return outcomes

    async def delete_model(self, name: str) -> Outcome:
        """Delete a tuned model at the provider, for good."""
        outcome = (await self._delete_each([name], lambda client, id: client.delete_model(id)))[name]
        if outcome.ok:
            await self._archive.files.forget_model(name)
        return outcome

    async def _delete_each(
        self, ids: Iterable[str], send: Callable[[Client, str], Awaitable[object]]
    ) -> dict[str, Outcome]:
        client, gate = self._able(), asyncio.Semaphore(AT_ONCE)

        async def one(id: str) -> Outcome:
            if isinstance(client, Outcome):
                return client
            async with gate:
                try:
                    await send(client, id)
                except ApiError as error:
                    return refusal_of(error, id)
            return Outcome(True, f"deleted {id}", id)

        wanted = list(dict.fromkeys(ids))
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))

    def _able(self) -> Client | Outcome:
        """The client, or why nothing can be sent."""
        if self._read_only:
            return Outcome(False, "this is a read-only session: nothing is sent")
        return self.client or self._unreached()

    def _unreached(self, id: str = "") -> Outcome:
        why = self.snapshot.health.why
        return Outcome(False, f"not connected: {why}" if why else "not connected", id)


def refusal_of(error: ApiError, id: str = "") -> Outcome:
    """The outcome of an intent that the provider, or the way to it, refused."""
    return Outcome(False, error.text, id, error.request_id, error.ambiguous)


def _settle(handle: int) -> None:
    # Here rather than when the file lands: the disk may take seconds, and the loop must not wait for it.
    with suppress(OSError):
        os.fsync(handle)
