"""The status row: where, how many, how true. Pure and standard library only."""

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
"""Cells of the age, so that the row does not shift when it changes."""


ALL = "all profiles"
"""The name of the view that shows several profiles as one."""


class ServiceInfo(NamedTuple):
    """Which service is looked at, and what may be done there."""

    profile: str
    host: str
    """In words for a person: a host name, or `this machine`."""
    is_local: bool
    read_only: bool
    hint: str
    """What a newcomer should know, once."""
    key: str = ""
    """Under which this disk keeps what belongs to it."""
    base_url: str = ""
    """For a person's own requests, without its query; empty for the service of this machine."""
    is_azure: bool = False


def service_info(choice: Choice, *, read_only: bool = False, newcomer: bool = False) -> ServiceInfo:
    """The place that a choice of service leads to; a newcomer is told why it is this machine."""
    hint = (
        "no key found: using the service on this machine · @ looks at another" if newcomer and choice.is_local else ""
    )
    host = "this machine" if choice.base_url is None else host_of(choice.base_url)
    url, is_azure = choice.base_url or "", choice.provider == "azure"
    return ServiceInfo(choice.name, host, choice.is_local, read_only, hint, choice.key, url, is_azure)


def status_line(
    place: ServiceInfo,
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
    """One row of `cells`. It says plainly when what is shown may not be true any more.

    `as_of` is when the list was last confirmed (Unix seconds); no `health` means nothing was asked yet. While the
    row is not `watched`, its age steps by the minute.
    """
    where: list[Span] = [(" fttui ", "title"), (f" {place.profile}", "bold")]
    if place.host != place.profile:
        where.append((f" {glyphs.arrow} {place.host}", "dim"))
    if place.read_only:
        where.append(("  read-only", "warn"))
    if notices:
        where.append((f"  ! {notices} to read", "warn"))
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
        return spread([(f" {place.profile} ", "bold")], [(f"{old}{health.brief} ", "ask")], cells, middle=counts)
    since = f" since {clock_time(health.since)}" if state != "denied" else ""
    parts = [f" {state.upper()}{since}", health.brief.partition("\n")[0]]
    if health.next_try is not None and health.next_try > now:
        parts.append(f"next try {clock_time(health.next_try)}")
    parts.append("r asks now" if state != "denied" else f"r asks again {glyphs.dot} @ profile")
    left = f" {glyphs.dot} ".join(part for part in parts if part)
    return spread([(f" {place.profile} ", "bold"), (f"{left} ", "error")], [(f" {age:>{AGE}} ", "dim")], cells)


def empty_words(place: ServiceInfo, snapshot: Snapshot, narrowed_by: str, *, connected: bool) -> list[str]:
    """Return the lines of a list that shows no job.

    Args:
        narrowed_by: the filter, in words.
    """
    if snapshot.rows:
        return [f"0 of {len(snapshot.rows)} shown. {narrowed_by}", "0 shows all"]
    if not connected or snapshot.as_of is None:
        return [] if snapshot.health.is_good else [snapshot.health.why or "loading jobs…"]
    if place.is_local:
        return ["No fine-tuning jobs yet.", "a starts one with the sample data, ? shows keys."]
    return ["No fine-tuning jobs yet.", "a creates one, ? shows keys."]


def clock_time(seconds: float) -> str:
    """The time of day on this machine."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))
