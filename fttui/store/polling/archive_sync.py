"""Fetching everything that a provider still has into the archive.

Every page is kept when it comes, and the next run goes on from there: a kill at any moment costs one page. What is
whole is not asked for again as long as it does not change; and the list is read only as far as there are news in it,
once it has been seen to its end.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from fttui.api.client import LAST_PAGE, Client
from fttui.api.error_mapping import is_retryable
from fttui.api.errors import ApiError, BadResponse, Forbidden, Limited, NotFound, Unauthorized, Unreachable
from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.raw_json import encode
from fttui.models.row import JobRow
from fttui.store.archive.archive import Archive
from fttui.store.polling.fetcher import Asking

AT_ONCE = 4
"""Jobs that are read side by side."""
SETTLED_AFTER = 300.0
"""Seconds after a job's last sign of life at which nothing more is expected of it."""
SINGLY = 20
"""As many jobs below the news are asked for one by one; for more, the whole list is read."""
UNLUCKY = 5
"""Jobs in a row that may fail before the whole run counts as failed."""
PATIENCE = (5.0, 15.0, 30.0, 60.0, 120.0)
"""Seconds to wait where the provider has had enough and does not say for how long; what it says counts, up to the
last of them."""


class Progress(NamedTuple):
    """How far a run is."""

    doing: str
    """`jobs` (the list), `history` (of each job), `files` or `models`; or `waiting`, so many seconds."""
    done: int
    of: int | None = None
    """None while it is not known."""


class Tally:
    """What a run did."""

    def __init__(self) -> None:
        self.read = 0
        """Jobs whose history was read now."""
        self.whole = 0
        """Jobs whose whole history was held before."""
        self.lost: list[str] = []
        """Result files that the provider no longer has."""
        self.failed: dict[str, str] = {}
        """What could not be read: a job's id, `files` or `models`, and why."""


class NotKept(Exception):
    """The archive cannot be written, so fetching would be in vain. The message says why."""


class Sync:
    """One run through everything a provider has."""

    def __init__(
        self,
        archive: Archive,
        client: Client,
        clock: Clock,
        tell: Callable[[Progress], object] = lambda _: None,
        *,
        full: bool = False,
    ) -> None:
        """
        Args:
            full: read the whole list: only that shows what has gone or changed far down in it.
        """
        self._archive = archive
        self._client = client
        self._clock = clock
        self._tell = tell
        self._asking = Asking(archive, clock)
        self._asking.attach(client, insist=True)
        self._full = full
        self._unlucky = 0
        self._listed: set[str] = set()
        self.tally = Tally()

    @property
    def not_offered(self) -> set[str]:
        """What the provider lacks, so that it was not read."""
        return self._asking.not_offered & {"events", "checkpoints", "results"}

    async def run(self) -> Tally:
        """Read it all.

        Raises:
            ApiError: the list could not be read to its end, or the provider cannot be talked to any more.
            NotKept: see there.
        """
        self._check_kept()
        await self._list()
        ids = [id for id in self._rows if self._can_be_asked(id)]
        held = self._archive.jobs.synced()
        wanted = [id for id in ids if id not in held]
        self.tally.whole = len(ids) - len(wanted)
        await self._histories(wanted)
        await self._section("files", self._files)
        await self._section("models", self._models)
        await self._asking.close()
        return self.tally

    @property
    def _rows(self) -> Mapping[str, JobRow]:
        return self._asking.snapshot.rows

    def _check_kept(self) -> None:
        if not self._archive.path:
            raise NotKept("\n".join(self._archive.notices) or "the archive is only in memory")

    # The list

    async def _list(self) -> None:
        self._tell(Progress("jobs", 0))
        await self._patiently(self._first_page)
        if not self._full and await self._asking.walk_news(self._is_old):
            await self._walk()
            if await self._ask_singly():
                return
        self._asking.walk_whole()
        await self._walk()

    def _is_old(self, page: Sequence[str]) -> bool:
        """Whether a page of the list shows nothing new: all of it is held whole and is as it was."""
        self._listed.update(page)
        is_old = self._archive.jobs.synced().issuperset(page)
        return is_old and _falls([self._rows[id].created_at for id in page])

    async def _ask_singly(self) -> bool:
        """Ask for the jobs below the news that may still change. Returns whether that told enough of them."""
        held = self._archive.jobs.synced()
        below = [id for id in self._rows if id not in held and id not in self._listed and self._can_be_asked(id)]
        if len(below) > SINGLY:
            return False
        for id in below:
            try:
                await self._patiently(partial(self._asking.fetch_job, id))
            except NotFound:
                return False  # only the whole list can tell that it is gone
        return True

    def _can_be_asked(self, id: str) -> bool:
        row = self._rows[id]
        return not row.gone and not row.fault

    async def _walk(self) -> None:
        for _ in range(LAST_PAGE):
            self._tell(Progress("jobs", len(self._asking.snapshot.rows)))
            if not self._asking.is_walking:
                return
            await self._patiently(self._asking.walk_list)
            self._check_kept()
        raise BadResponse(f"the list did not end after {LAST_PAGE} pages", code="endless")

    async def _first_page(self) -> None:
        await self._asking.refresh()
        if self._asking.error is not None:
            raise self._asking.error

    async def _patiently(self, read: Callable[[], Awaitable[None]]) -> None:
        """Read; where the provider has had enough for now, wait and read again. Nobody looks on and waits for it."""
        for pause in PATIENCE:
            try:
                return await read()
            except Limited as error:
                if not is_retryable(error):
                    raise
                pause = min(error.retry_after or pause, PATIENCE[-1])
                self._tell(Progress("waiting", round(pause)))
                await self._clock.sleep(pause)
        return await read()

    # The history of each job

    async def _histories(self, ids: list[str]) -> None:
        done, waiting = 0, iter(ids)
        self._tell(Progress("history", 0, len(ids)))

        async def work() -> None:
            nonlocal done
            for id in waiting:
                await self._history(id)
                done += 1
                self._tell(Progress("history", done, len(ids)))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(ids))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            # The first is why the others were ended.
            raise errors.exceptions[0] from None

    async def _history(self, id: str) -> None:
        self._check_kept()
        started = self._clock.now()
        whole = True
        for route, read in (("events", self._events), ("checkpoints", self._checkpoints), ("results", self._results)):
            if route in self._asking.not_offered:
                continue
            try:
                await self._patiently(partial(read, id))
            except (Unauthorized, Unreachable, Limited):
                raise
            except ApiError as error:
                if route in self._asking.not_offered:
                    continue
                whole = False
                self.tally.failed[id] = str(error)
                self._unlucky += 1
                if self._unlucky >= UNLUCKY or isinstance(error, Forbidden):
                    raise
                break
        else:
            self._unlucky = 0
        self.tally.read += 1
        if whole and self._is_settled(id, started):
            await self._archive.jobs.set_synced(id)

    def _is_settled(self, id: str, now: float) -> bool:
        """Whether nothing more is to come of a job: it ended, and its last sign of life is some time ago."""
        row = self._rows[id]
        if not row.status.is_final:
            return False
        events = self._archive.events.rows(id, limit=1)
        signs = [row.created_at, row.finished_at, *(event.created_at for event in events)]
        return max((sign for sign in signs if sign is not None), default=0.0) < now - SETTLED_AFTER

    async def _events(self, id: str) -> None:
        for _ in range(LAST_PAGE):
            if not await self._asking.fetch_events(id):
                break
        before = None
        while (cursor := self._archive.events.state(id).cursor) is not None and cursor != before:
            await self._asking.fetch_older_events(id)
            before = cursor

    async def _checkpoints(self, id: str) -> None:
        await self._asking.fetch_checkpoints(id, whole=True)

    async def _results(self, id: str) -> None:
        for file in Job.read(json.loads(self._archive.jobs.body(id) or "null")).result_files:
            try:
                if self._archive.files.content(file) is None:
                    await self._asking.fetch_content(id, file)
                if self._archive.files.get(file) is None:
                    item = await self._client.get_file(file)
                    await self._archive.files.save([(item.id, encode(item.raw))], self._clock.now())
            except NotFound:
                if self._archive.files.content(file) is None:
                    self.tally.lost.append(file)

    # What belongs to no job

    async def _section(self, name: str, read: Callable[[], Awaitable[None]]) -> None:
        self._check_kept()
        try:
            await self._patiently(read)
        except (Unauthorized, Unreachable, Limited):
            raise
        except ApiError as error:
            # Not everybody who has jobs has a list of files.
            if error.status not in (404, 405, 501):
                self.tally.failed[name] = str(error)

    async def _files(self) -> None:
        done = 0
        async for page in self._client.each_file_page():
            sent = {item.id: encode(item.raw) for item in page.items}
            is_old = all(self._archive.files.get(id) == raw for id, raw in sent.items())
            await self._archive.files.save(list(sent.items()), self._clock.now())
            done += len(page.items)
            self._tell(Progress("files", done))
            if is_old and not self._full and _falls([item.created_at for item in page.items]):
                break

    async def _models(self) -> None:
        page = await self._client.list_models()
        await self._archive.files.save_models([(item.id, encode(item.raw)) for item in page.items], self._clock.now())
        self._tell(Progress("models", len(page.items)))


def _falls(times: Sequence[float | None]) -> bool:
    """Whether a page begins with the newest, so that what is below it is older."""
    return bool(times) and times[0] is not None and times[-1] is not None and times[0] >= times[-1]
