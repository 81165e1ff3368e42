"""Status row: service, job counts, freshness of the list. Pure, standard library only."""

import time

from fttui.clock import freshness
from fttui.config.choose import Choice, place_words
from fttui.config.providers import WATCHED
from fttui.lean_typing import TYPE_CHECKING, NamedTuple
from fttui.text import fit, width, wrap
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, line_width, spread

if TYPE_CHECKING:
    from fttui.store.health import Health
    from fttui.store.snapshot import Snapshot

AGE = 5
"""Width of the age in cells, fixed so that the row does not shift."""


MOST_ROWS = 3
"""Most rows for the reason of a trouble."""
ALL = "all profiles"
"""Name of the view that shows several profiles in one list."""


class ServiceInfo(NamedTuple):
    """Service shown in the cockpit, and its restrictions."""

    profile: str
    host: str
    """Host name, or `this machine`."""
    is_local: bool
    read_only: bool
    hint: str
    """Hint for a new user, shown once."""
    key: str = ""
    """Key of the profile in the archive."""
    base_url: str = ""
    """Base URL without its query. Empty for the local service."""
    is_azure: bool = False
    provider: str = "openai"
    """Name of the provider, whose form of data is checked."""

    @property
    def is_watched(self) -> bool:
        """Jobs were started by other programs, and fttui only reads their files."""
        return self.provider == WATCHED


def service_info(choice: Choice, *, read_only: bool = False, newcomer: bool = False) -> ServiceInfo:
    """Describe the chosen service. With `newcomer`, the hint explains why the local service was chosen."""
    hint = "No API key found: using the local service. @ changes the profile." if newcomer and choice.is_local else ""
    host = place_words(choice)
    url, is_azure = choice.base_url or "", choice.provider == "azure"
    return ServiceInfo(choice.name, host, choice.is_local, read_only, hint, choice.key, url, is_azure, choice.provider)


def status_lines(
    service: ServiceInfo,
    health: "Health | None",
    as_of: float | None,
    counts: Line,
    now: float,
    cells: int,
    glyphs: Glyphs,
    *,
    read: int | None = None,
    held: bool = False,
    notices: int = 0,
    watched: bool = True,
) -> list[Line]:
    """Build the status row. It shows when the list may be out of date.

    The reason of a trouble that does not fit is not cut: it has rows of its own.

    Args:
        health: None before the first request.
        as_of: time of the last confirmed list, in Unix seconds.
        read: number of jobs so far while the account is read for the first time. None at other times.
        held: the automatic refresh is stopped.
        notices: number of unread notices.
        watched: the terminal has the focus. Without it the age changes only once a minute.
    """
    warnings: list[Span] = [("  read-only", "warn")] if service.read_only else []
    if notices:
        warnings.append((f"  ! {notices} unread", "warn"))
    host = [(f" {glyphs.arrow} {service.host}", "dim")] if service.host != service.profile else []
    where: list[Span] = [(" fttui ", "title"), (f" {service.profile}", "bold"), *host, *warnings]
    seconds = 0.0 if as_of is None else now - as_of
    age = "" if as_of is None else freshness(seconds if watched or seconds >= 60 else 0.0)
    state = "connecting" if health is None else str(health.state)
    if read is not None and state == "live":
        brief: Line = [(f" {service.profile}", "bold"), *warnings]
        ends: list[Line] = [
            [(f"{text} ", "ask" if held else ""), (f"{age:>{AGE}} ", "dim")] for text in _reading(read, glyphs, held)
        ]
        pairs = ((where, ends[0]), (brief, ends[0]), (brief, ends[1]))
        start, end = next((pair for pair in pairs if line_width([*pair[0], *pair[1]]) < cells), pairs[-1])
        return [spread(start, end, cells, middle=counts)]
    if held and state in ("live", "stale"):
        right: Line = [(f"HELD {glyphs.dot} R resumes ", "ask"), (f"{age:>{AGE}} ", "dim")]
        return [spread(where, right, cells, middle=counts)]
    if state == "live":
        return [spread(where, [(f"{age:>{AGE}} ", "dim")], cells, middle=counts)]
    if health is None or state == "connecting":
        text = "connecting" if as_of is None else f"cached {age if age != 'now' else '0s'} ago {glyphs.dot} connecting"
        return [spread(where, [(f"{text}{glyphs.cut} ", "dim")], cells, middle=counts)]
    name: Line = [(f" {service.profile} ", "bold")]
    why = health.brief.partition("\n")[0]
    if state == "stale":
        old = f"{age} old" if age not in ("", "now") else ""
        right = [(_joined(glyphs, old, why) + " ", "ask")]
        if line_width(name) + line_width(right) <= cells:
            return [spread(name, right, cells, middle=counts)]
        return [spread(name, [(f"{old} ", "ask")], cells, middle=counts), *_reason_rows(why, cells, "ask", glyphs)]
    since = f" since {clock_time(health.since)}" if state != "denied" else ""
    head = f" {state.upper()}{since}"
    tries = f"next try {clock_time(health.next_try)}" if health.next_try is not None and health.next_try > now else ""
    keys = "r retries" if state != "denied" else f"r retries {glyphs.dot} @ profile"
    right = [(f" {age:>{AGE}} ", "dim")]
    room = cells - line_width(name) - line_width(right) - 1
    for whole in (_joined(glyphs, head, why, tries, keys), _joined(glyphs, head, why, keys)):
        if width(whole) <= room:
            return [spread([*name, (f"{whole} ", "error")], right, cells)]
    short = _joined(glyphs, head, tries, keys)
    if width(short) > room:
        short = _joined(glyphs, head, keys)
    return [spread([*name, (f"{short} ", "error")], right, cells), *_reason_rows(why, cells, "error", glyphs)]


def _joined(glyphs: Glyphs, *parts: str) -> str:
    return f" {glyphs.dot} ".join(part for part in parts if part)


def _reason_rows(why: str, cells: int, role: str, glyphs: Glyphs) -> list[Line]:
    """Wrap a reason into at most `MOST_ROWS` rows. The error list has the rest of a longer one."""
    pieces = wrap(why, max(1, cells - 2))
    if len(pieces) > MOST_ROWS:
        more = f" {glyphs.cut} ! shows all"
        pieces = [*pieces[: MOST_ROWS - 1], fit(pieces[MOST_ROWS - 1], cells - 2 - width(more), ellipsis="") + more]
    return [[(f" {piece}", role)] for piece in pieces]


def _reading(read: int, glyphs: Glyphs, held: bool) -> tuple[str, str]:
    """Return the progress of the first reading of an account, as a sentence and in short."""
    jobs = f"{read:,} jobs"
    if held:
        start = f"HELD {glyphs.dot} "
        return f"{start}Reading the account: {jobs} so far. R resumes.", f"{start}{jobs} so far. R resumes."
    return f"Reading the account: {jobs} so far. R holds it.", f"Reading: {jobs} so far. R holds."


def empty_words(
    service: ServiceInfo, snapshot: "Snapshot", narrowed_by: str, *, connected: bool, has_nearby_runs: bool = False
) -> list[str]:
    """Return the text of an empty list.

    Args:
        narrowed_by: description of the filter.
        has_nearby_runs: there are runs of other programs below the working directory.
    """
    if snapshot.rows:
        return [f"0 of {len(snapshot.rows)} shown. {narrowed_by}", "Press 0 to show all jobs."]
    if not connected or snapshot.as_of is None:
        return [] if snapshot.health.is_good else [snapshot.health.why or "loading jobs…"]
    if service.is_watched:
        return [f"No runs below {service.host} yet.", "The list follows what is written there."]
    if service.is_local:
        words = ["No fine-tuning jobs yet.", "Press a to train on sample data, ? for the keys."]
        if has_nearby_runs:
            words.append("Runs of other programs below this directory: type :runs to watch.")
        return words
    return ["No fine-tuning jobs yet.", "Press a to create a job, ? for the keys."]


def clock_time(seconds: float) -> str:
    """Format a time of day in the local time zone."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))
