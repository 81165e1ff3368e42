"""Status row: service, job counts, freshness of the list. Pure, standard library only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from fttui.clock import freshness
from fttui.config.choose import Choice, host_of
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, spread

if TYPE_CHECKING:
    from fttui.store.health import Health
    from fttui.store.snapshot import Snapshot

AGE = 5
"""Width of the age in cells, fixed so that the row does not shift."""


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


def service_info(choice: Choice, *, read_only: bool = False, newcomer: bool = False) -> ServiceInfo:
    """Describe the chosen service. With `newcomer`, the hint explains why the local service was chosen."""
    hint = (
        "No API key found: using the local service. @ switches to a different profile."
        if newcomer and choice.is_local
        else ""
    )
    host = "this machine" if choice.base_url is None else host_of(choice.base_url)
    url, is_azure = choice.base_url or "", choice.provider == "azure"
    return ServiceInfo(choice.name, host, choice.is_local, read_only, hint, choice.key, url, is_azure)


def status_line(
    service: ServiceInfo,
    health: Health | None,
    as_of: float | None,
    counts: Line,
    now: float,
    cells: int,
    glyphs: Glyphs,
    *,
    held: bool = False,
    notices: int = 0,
    watched: bool = True,
) -> list[Span]:
    """Build the status row. It shows when the list may be out of date.

    Args:
        health: None before the first request.
        as_of: time of the last confirmed list, in Unix seconds.
        held: the automatic refresh is stopped.
        notices: number of unread notices.
        watched: the terminal has the focus. Without it the age changes only once a minute.
    """
    where: list[Span] = [(" fttui ", "title"), (f" {service.profile}", "bold")]
    if service.host != service.profile:
        where.append((f" {glyphs.arrow} {service.host}", "dim"))
    if service.read_only:
        where.append(("  read-only", "warn"))
    if notices:
        where.append((f"  ! {notices} unread", "warn"))
    seconds = 0.0 if as_of is None else now - as_of
    age = "" if as_of is None else freshness(seconds if watched or seconds >= 60 else 0.0)
    state = "connecting" if health is None else str(health.state)
    if held and state in ("live", "stale"):
        return spread(
            where, [(f"HELD {glyphs.dot} R resumes ", "ask"), (f"{age:>{AGE}} ", "dim")], cells, middle=counts
        )
    if state == "live":
        return spread(where, [(f"{age:>{AGE}} ", "dim")], cells, middle=counts)
    if health is None or state == "connecting":
        text = "connecting" if as_of is None else f"cached {age if age != 'now' else '0s'} ago {glyphs.dot} connecting"
        return spread(where, [(f"{text}{glyphs.cut} ", "dim")], cells, middle=counts)
    if state == "stale":
        old = f"{age} old {glyphs.dot} " if age not in ("", "now") else ""
        return spread([(f" {service.profile} ", "bold")], [(f"{old}{health.brief} ", "ask")], cells, middle=counts)
    since = f" since {clock_time(health.since)}" if state != "denied" else ""
    parts = [f" {state.upper()}{since}", health.brief.partition("\n")[0]]
    if health.next_try is not None and health.next_try > now:
        parts.append(f"next try {clock_time(health.next_try)}")
    parts.append("r retries" if state != "denied" else f"r retries {glyphs.dot} @ profile")
    left = f" {glyphs.dot} ".join(part for part in parts if part)
    return spread([(f" {service.profile} ", "bold"), (f"{left} ", "error")], [(f" {age:>{AGE}} ", "dim")], cells)


def empty_words(service: ServiceInfo, snapshot: Snapshot, narrowed_by: str, *, connected: bool) -> list[str]:
    """Return the text of an empty list.

    Args:
        narrowed_by: description of the filter.
    """
    if snapshot.rows:
        return [f"0 of {len(snapshot.rows)} shown. {narrowed_by}", "Press 0 to show all jobs."]
    if not connected or snapshot.as_of is None:
        return [] if snapshot.health.is_good else [snapshot.health.why or "loading jobs…"]
    if service.is_local:
        return ["No fine-tuning jobs yet.", "Press a to train on sample data, ? for the keys."]
    return ["No fine-tuning jobs yet.", "Press a to create a job, ? for the keys."]


def clock_time(seconds: float) -> str:
    """Format a time of day in the local time zone."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))
