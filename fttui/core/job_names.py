"""Names of jobs: an id, the end of an id as lists show it (`..x7Qa91Lk`), or a suffix that only one job has.

The cockpit matches the jobs that it shows. Commands search the archive, then the provider's list as far as needed.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress

from fttui.clock import age
from fttui.config.errors import ConfigError
from fttui.lean_typing import TYPE_CHECKING, NamedTuple
from fttui.models.row import JobRow, short_id
from fttui.store.filter_terms import DOTS
from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.job import Job
    from fttui.models.page import Page

MIN_END = 4
"""Shortest end of an id without dots. A longer end than half of the id is all that follows a `-`."""
MAX_CANDIDATES = 8
"""Number of jobs that the message about an ambiguous name lists."""
MOST_PAGES = 10
"""Most pages of the provider's list to read for names."""
ID_START = "ftjob-"
"""Start of ids of most providers. A text with this start is never searched in the provider's list."""


class UnclearName(ConfigError):
    """Several jobs have a name, or no job has an end of an id."""


def matching(rows: Iterable[JobRow], name: str) -> list[JobRow]:
    """Return the jobs with a name. The job with this very id is the only match.

    In a view of several profiles the name may follow a profile: `work/support-v4`.
    """
    rows = list(rows)
    if exact := [row for row in rows if name in (row.id, _own_id(row))]:
        return exact
    return [row for row in rows if _has_name(row, name.removeprefix(f"{row.profile}/") if row.profile else name)]


def only_match(rows: Iterable[JobRow], name: str, now: float, *, show_id: Callable[[str], str] = str) -> JobRow | None:
    """Return the job with a name, or None without one.

    Args:
        now: the current time in Unix seconds, for the ages in the message.
        show_id: shortens the ids in the message.

    Raises:
        UnclearName: several jobs have this name, or no job has this end of an id.
    """
    found = matching(rows, name)
    if len(found) > 1:
        raise UnclearName(_ambiguous(found, name, now, show_id))
    if not found and (end := _end_of(name)) != name:
        raise UnclearName(f"no known job ends with {clean_line(end)}\nTo list the jobs: fttui jobs list")
    return found[0] if found else None


def completions(rows: Iterable[JobRow]) -> list[str]:
    """Return the suffixes that name a job, then all ids, in the order of the jobs."""
    rows = list(rows)
    return [*(row.suffix for row in with_unique_suffix(rows)), *(row.id for row in rows)]


def with_unique_suffix(rows: Iterable[JobRow]) -> list[JobRow]:
    """Return the jobs that their suffix names, for completion."""
    rows = list(rows)
    count: dict[str, int] = {}
    for row in rows:
        count[row.suffix] = count.get(row.suffix, 0) + 1
    ids = {row.id for row in rows}
    return [
        row
        for row in rows
        if row.suffix and count[row.suffix] == 1 and row.suffix not in ids and not row.suffix.startswith(DOTS)
    ]


class Found(NamedTuple):
    """A job found by name."""

    row: JobRow
    note: str = ""
    """Jobs that were not looked at, as a sentence; empty if none of them can have the name."""


class JobSearch:
    """Search for jobs of one profile by name. A page of the provider's list is read once for all names."""

    def __init__(self, archive: str, profile: str, now: float) -> None:
        """
        Args:
            archive: path of the archive.
            profile: key of the profile in the archive.
        """
        self._archive = archive
        self._profile = profile
        self._now = now
        self._listed: dict[str, JobRow] = {}
        self._pages: AsyncIterator[Page[Job]] | None = None
        self._number = 0
        """Number of pages that were read."""
        self._is_covered = False
        """Every job is in the archive or was read."""
        self._failure = ""
        """Reason why the list cannot be read."""

    def archived(self, name: str) -> JobRow | None:
        """Return the job with a name in the archive.

        Raises:
            UnclearName: as `only_match`.
        """
        return only_match(self._archived(name), name, self._now)

    def known(self, name: str) -> JobRow | None:
        """Return the job with a name if the archive or the name itself is enough, or None if the list is needed.

        The list may have a newer job with the same suffix. Ends of ids are random, so that one match is enough.

        Raises:
            UnclearName: several jobs have this name, or it is only dots.
        """
        rows = self._archived(name)
        found = matching([row for row in rows if row.id == name or not row.gone], name)
        if len(found) > 1 or (name and not _end_of(name)):
            only_match(found, name, self._now)
        if found and (found[0].id == name or found[0].suffix != name):
            return found[0]
        return JobRow(name) if not found and (not name or name.startswith(ID_START)) else None

    async def listed(self, client: "Client", name: str) -> Found:
        """Return the job with a name from the archive and the provider's list.

        Pages are read until one has the job, at most `MOST_PAGES`.

        Raises:
            ApiError: the list cannot be read, or no job has this name or id.
            UnclearName: as `only_match`.
        """
        from fttui.api.errors import BadRequest, NotFound

        archived = self._archived(name)
        kept = {row.id: row for row in archived if not row.gone}
        while True:
            rows = list((kept | self._listed).values())
            enough = self._number and matching(rows, name)
            if enough or self._is_covered or self._failure or self._number >= MOST_PAGES:
                break
            await self._read_page(client)
        if found := matching(rows, name):
            row = only_match(found, name, self._now) or found[0]
            unread = self._unread() if row.suffix == name else ""
            return Found(row, f"{name} is {row.id}. {unread}" if unread else "")
        if gone := matching(archived, name):
            raise NotFound(f"the provider no longer has {gone[0].id}", hint="To read the archived job: --offline")
        unread = self._unread() or "To list the jobs: fttui jobs list"
        if _end_of(name) != name:
            raise UnclearName(f"no known job ends with {clean_line(_end_of(name))}\n{unread}")
        with suppress(NotFound, BadRequest):
            return Found((await client.get_job(name)).row())
        raise NotFound(f"no job has the id or suffix {name}", hint=unread)

    def _archived(self, name: str) -> list[JobRow]:
        from fttui.store.archive.first_rows import rows_named

        return rows_named(self._archive, self._profile, name, _end_of(name))

    async def _read_page(self, client: "Client") -> None:
        from fttui.api.errors import BadRequest, Forbidden, NotFound
        from fttui.store.archive.first_rows import list_walked

        if self._pages is None:
            self._pages = client.each_job_page()
        try:
            page = await anext(self._pages)
        except StopAsyncIteration:
            self._is_covered = True
            return
        except (NotFound, BadRequest, Forbidden) as error:  # single jobs may be readable
            self._failure = f"The list of jobs was not looked at: {error}"
            return
        self._number += 1
        self._listed |= {job.id: job.row() for job in page.items}
        walked = list_walked(self._archive, self._profile)
        reaches_known = walked is not None and any((job.created_at or 0.0) < walked for job in page.items[-1:])
        self._is_covered = page.cursor is None or reaches_known

    def _unread(self) -> str:
        """Return the jobs that were not looked at, as a sentence; empty if there are none."""
        newest = f"Jobs older than the newest {len(self._listed)} were not looked at."
        return "" if self._is_covered else self._failure or newest


def _own_id(row: JobRow) -> str:
    return row.id.removeprefix(f"{row.profile}/") if row.profile else row.id


def _end_of(name: str) -> str:
    """Return the name without dots before the end of an id."""
    return next((name.removeprefix(dots) for dots in DOTS if name.startswith(dots)), name)


def _has_name(row: JobRow, name: str) -> bool:
    end = _end_of(name)
    if end != name:
        return bool(end) and row.id.endswith(end)
    if name and row.suffix == name:
        return True
    if len(end) < MIN_END or not row.id.endswith(end):
        return False
    # Some providers number their jobs: an id nearly as long as a known one is a different id, not its end.
    return len(end) <= len(_own_id(row)) // 2 or row.id.removesuffix(end).endswith("-")


def _ambiguous(found: Sequence[JobRow], name: str, now: float, show_id: Callable[[str], str]) -> str:
    have = "have the suffix" if all(row.suffix == name for row in found) else "have the end or suffix"
    if not any(row.suffix == name for row in found):
        have = "end with"
    jobs = ", ".join(_candidate(row, now, show_id) for row in found[:MAX_CANDIDATES])
    rest = f" and {len(found) - MAX_CANDIDATES} more" if len(found) > MAX_CANDIDATES else ""
    ends = {short_id(row.id) for row in found}
    advice = "Give the id of one of them" + (
        f", or its end: {short_id(found[0].id)}" if len(ends) == len(found) else ""
    )
    return f"{len(found)} jobs {have} {clean_line(_end_of(name))}: {jobs}{rest}\n{advice}"


def _candidate(row: JobRow, now: float, show_id: Callable[[str], str]) -> str:
    facts = [row.status_text or "unknown"]
    facts += [f"{age(now - row.created_at)} old"] if row.created_at is not None else []
    facts += ["gone"] if row.gone else []
    return f"{show_id(row.id)} ({', '.join(facts)})"
