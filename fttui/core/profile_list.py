"""Profiles with their address and what is known of them without asking anybody: key, jobs, last look, last failure."""

import os
import time
from typing import NamedTuple

from fttui.clock import age
from fttui.config import load
from fttui.config.choose import Choice, choose_profile, is_official
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file
from fttui.config.schema import Profile
from fttui.models.status import status_of
from fttui.store.archive.first_rows import counts_by_profile, failures_by_profile
from fttui.store.health import State
from fttui.text import clean_line

_FAILURES: dict[str, str] = {State.DENIED: "key refused", State.LIMITED: "rate limit"}
"""Words for states of a connection; all others are offline."""


class ProfileSummary(NamedTuple):
    """A profile. Texts are clean."""

    name: str
    address: str
    known: str
    """Last failure or source of the key, and jobs of the last look."""


def profile_list(now: float) -> list[ProfileSummary]:
    """Return the profiles. Reads files only: no key command runs, no request is sent.

    Args:
        now: the current time in Unix seconds.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    settings, counts = load.load(), counts_by_profile(archive_file())
    failures = failures_by_profile(archive_file())
    found = []
    for name in load.profile_names():
        try:
            choice = choose_profile(name, "@")
        except ConfigError as error:
            found.append(ProfileSummary(clean_line(name), "", clean_line(str(error)).partition(". ")[0]))
            continue
        jobs, as_of = counts.get(choice.key, ({}, None))
        state = "" if choice.is_local else _key(choice, settings.of(choice))
        if choice.key in failures and not state.startswith("no key"):
            state = _failure(*failures[choice.key], now)
        known = [state]
        known.append(_jobs(jobs, as_of, now, is_local=choice.is_local))
        found.append(ProfileSummary(name, choice.base_url or "this machine", " · ".join(filter(None, known))))
    return found


def _key(choice: Choice, profile: Profile | None) -> str:
    variable = profile.api_key_env if profile is not None else ""
    if profile is None:
        variable = "AZURE_OPENAI_API_KEY" if choice.source == "azure" else "OPENAI_API_KEY"
    if variable:
        return f"key {variable}" if os.environ.get(variable, "").strip() else f"no key: set {variable}"
    if profile is not None and profile.api_key_command:
        return "key from a command"
    if profile is not None and profile.api_key_keyring:
        return "key in the keyring"
    return "no key" if is_official(choice.base_url or "") or choice.provider == "azure" else ""


def _failure(state: str, at: float, now: float) -> str:
    """Return the last failure, and since when: a time of day, or after a day its age."""
    begin = time.strftime("%H:%M", time.localtime(at)) if now - at < 86400 else f"{age(now - at)} ago"
    return f"{_FAILURES.get(state, 'OFFLINE')} since {begin}"


def _jobs(jobs: dict[str, int], as_of: float | None, now: float, *, is_local: bool) -> str:
    live = [f"{number} {word}" for word, number in jobs.items() if status_of(word).is_live]
    if is_local and live:
        return ", ".join(live)
    total = sum(jobs.values())
    if not total:
        return ""
    seen = "" if as_of is None or is_local else f", {age(max(0.0, now - as_of))} ago"
    return f"{total:,} job{'' if total == 1 else 's'}{seen}"
