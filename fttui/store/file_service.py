"""Files and models at the provider: list, upload, download and delete.

Intents return an `Outcome` and never raise.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from fttui.api.client import Client
from fttui.api.errors import ApiError, NotFound
from fttui.atomic import why_not_writable, writing
from fttui.clock import Clock
from fttui.models.file import File, Model, ModelAnswer
from fttui.models.metric import result_csv
from fttui.models.raw_json import decode, encode
from fttui.store.archive.archive import Archive
from fttui.store.feed import SnapshotFeed
from fttui.store.provider_access import ProviderAccess, refusal_of
from fttui.store.snapshot import Outcome
from fttui.store.upload_once import TRAINING, upload_once
from fttui.text import clean_line

MAX_RECORDED = 64 * 2**20
"""Bytes of a downloaded result file above which its content is not recorded."""


class FileService:
    """Files and models of one profile."""

    def __init__(self, archive: Archive, clock: Clock, access: ProviderAccess, feed: SnapshotFeed) -> None:
        self._archive = archive
        self._clock = clock
        self._access = access
        self._feed = feed
        self._listed: set[str] | None = None
        self._faults: dict[str, str] = {}

    # Questions

    def has_file(self, id: str) -> bool | None:
        """Tell whether the provider's last list of files for training had this file. None before the first list."""
        return None if self._listed is None else id in self._listed

    def file(self, id: str) -> File | None:
        """Return a file, or None for a file never seen."""
        text = self._archive.files.get(id) if id else None
        return None if text is None else File.read(decode(text, id=id))

    async def files(self) -> list[File]:
        """Return the provider's files for training, or the recorded files while the provider cannot be reached."""
        if self._access.client is not None:
            found: list[File] = []
            with self._noting_fault("files"):
                async for page in self._access.client.each_file_page(purpose=TRAINING):
                    found += page.items
                    await self._record(*page.items)
                self._listed = {file.id for file in found}
                return found
        recorded = self._archive.files.all()
        return await self._archive.in_thread(lambda: [File.read(decode(text)) for text in recorded])

    async def models(self) -> list[Model]:
        """Return the provider's models, or those of the last list while the provider cannot be reached."""
        if self._access.client is not None:
            with self._noting_fault("models"):
                page = await self._access.client.list_models()
                models = await self._archive.in_thread(lambda: [(item.id, encode(item.raw)) for item in page.items])
                await self._archive.files.save_models(models, self._clock.now())
                return list(page.items)
        recorded = self._archive.files.models()
        return await self._archive.in_thread(lambda: [Model.read(decode(text)) for text in recorded])

    async def model(self, id: str) -> ModelAnswer:
        """Ask the provider for a model with the settings of its trainer."""
        if self._access.client is None:
            return ModelAnswer(None, is_certain=False)
        try:
            return ModelAnswer(await self._access.client.get_model(id))
        except ApiError as error:
            return ModelAnswer(None, is_certain=isinstance(error, NotFound))

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed; empty when it did not."""
        return self._faults.get(kind, "")

    @contextmanager
    def _noting_fault(self, kind: str) -> Iterator[None]:
        self._faults.pop(kind, None)
        try:
            yield
        except ApiError as error:
            self._faults[kind] = clean_line(str(error))

    async def _record(self, *files: File) -> None:
        texts = await self._archive.in_thread(lambda: [(file.id, encode(file.raw)) for file in files])
        await self._archive.files.save(texts, self._clock.now())

    # Intents

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Upload a file for training, unless the provider has it: see `upload_once`. The outcome has the file's id.

        Args:
            progress: receives the bytes sent and the file's size.
        """
        client = self._access.client_for_changes()
        if isinstance(client, Outcome):
            return client
        uploaded = await upload_once(self._archive, client, path, self._clock, progress=progress)
        if uploaded.file is not None:
            if self._listed is not None:
                self._listed.add(uploaded.id)
            await self._record(uploaded.file)
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
        """Write the content of a file to `path`, from the archive or from the provider.

        The file appears at `path` only when complete. The content of a job's result file is recorded in the archive,
        up to `MAX_RECORDED`. A read-only session may download.

        Args:
            overwrite: replace an existing file.
            as_csv: decode a result file, which providers send as base64 of CSV.
            progress: receives the bytes received and the size, where the provider sends one.
        """
        if why := why_not_writable(path, overwrite=overwrite):
            return Outcome(False, clean_line(why), id)
        content = self._archive.files.content(id)
        job = self._job_with_result(id) if content is None else None
        client = self._access.client
        if content is None and client is None:
            return self._access.not_connected(id)
        try:
            with writing(path, overwrite=overwrite) as file:
                if content is None and client is not None and as_csv:
                    content = await client.file_content(id)
                if content is not None:
                    await asyncio.to_thread(file.write, _as_csv(content) if as_csv else content)
                elif client is not None:
                    size = await client.download_file(id, file.write, progress=progress)
                    if job is not None and size <= MAX_RECORDED and file.seekable():
                        file.seek(0)
                        content = await asyncio.to_thread(file.read)
                await asyncio.to_thread(_sync, file.fileno())
        except ApiError as error:
            return refusal_of(error, id)
        except _NotCsv as error:
            return Outcome(False, clean_line(str(error)), id)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            return Outcome(False, clean_line(f"{path} cannot be written: {reason}"), id)
        if job is not None and content is not None and len(content) <= MAX_RECORDED:
            await self._archive.files.save_content(id, content, self._clock.now())
            self._feed.publish(events=[job])
        return Outcome(True, clean_line(f"{path} written"), id)

    def _job_with_result(self, id: str) -> str | None:
        file = self.file(id)
        if file is not None and file.purpose == TRAINING:
            return None
        return next((job.id for job in self._archive.jobs.containing(id) if id in job.result_files), None)

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete files at the provider. The archive keeps its records of them."""

        async def delete(client: Client, id: str) -> Outcome:
            await client.delete_file(id)
            return Outcome(True, f"deleted {id}", id)

        outcomes = await self._access.for_each(ids, delete)
        if self._listed is not None:
            self._listed -= {id for id, outcome in outcomes.items() if outcome.ok}
        return outcomes

    async def delete_model(self, name: str) -> Outcome:
        """Delete a fine-tuned model at the provider, for good."""

        async def delete(client: Client, id: str) -> Outcome:
            await client.delete_model(id)
            await self._archive.files.forget_model(id)
            return Outcome(True, f"deleted {id}", id)

        return (await self._access.for_each([name], delete))[name]


class _NotCsv(Exception):
    pass


def _as_csv(content: bytes) -> bytes:
    try:
        return result_csv(content)
    except ValueError as error:
        raise _NotCsv(str(error)) from None


def _sync(handle: int) -> None:
    # In a thread, before `writing` does it: the disk may take seconds, and the loop must not wait.
    with suppress(OSError):
        os.fsync(handle)
