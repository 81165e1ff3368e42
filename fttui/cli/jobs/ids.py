"""Names of jobs on the command line: `fttui.core.job_names`, after the choice of a profile by `PROFILE/ID`."""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from fttui.cli.invocation import Invocation
from fttui.cli.output import say
from fttui.config import paths
from fttui.config.errors import ConfigError

if TYPE_CHECKING:
    from fttui.core.connect import Connection
    from fttui.models.row import JobRow


def resolve_all(invocation: Invocation, names: tuple[str, ...], *, offline: bool = False) -> tuple[str, ...]:
    """Return the ids of jobs, without duplicates (see `find_all`)."""
    return tuple(row.id for row in find_all(invocation, names, offline=offline))


def resolve(invocation: Invocation, name: str) -> str:
    """Return the id of one job (see `find_all`)."""
    return resolve_all(invocation, (name,))[0]


def find_all(invocation: Invocation, names: tuple[str, ...], *, offline: bool = False) -> "list[JobRow]":
    """Return the jobs with these names, without duplicates. A job of which only the id is known has no other members.

    `PROFILE/ID` chooses the profile of the whole command. The archive is searched first, then the list of the service.

    Args:
        offline: search the archive only, as with --offline. A name that it does not know is returned as the id.

    Raises:
        ApiError: the list cannot be read, or no job has a name.
        ConfigError: several jobs have a name, no job has an end of an id, or the jobs are of several profiles.
    """
    from fttui.core.job_names import JobSearch
    from fttui.core.reader import archive_key
    from fttui.models.row import JobRow

    names = choose_profile(invocation, names)
    search = JobSearch(paths.archive_file(), archive_key(invocation.options), invocation.clock.now())
    is_offline = offline or invocation.offline
    found: dict[str, JobRow | None] = {}
    for name in names:
        found[name] = (search.archived(name) or JobRow(name)) if is_offline else search.known(name)

    async def look(connection: "Connection") -> None:
        for name in [name for name, row in found.items() if row is None]:
            found[name], note = await search.listed(connection.client, name)
            if note:
                say(note)

    if None in found.values():
        invocation.run_with_client(look)
    return list({row.id: row for row in found.values() if row is not None}.values())


def titles(rows: "list[JobRow]") -> str:
    """Return the suffixes and ids of jobs for a question: `support-v4 (ftjob-abc), ftjob-def`."""
    return ", ".join(f"{row.suffix} ({row.id})" if row.suffix else row.id for row in rows)


def choose_profile(invocation: Invocation, names: tuple[str, ...]) -> tuple[str, ...]:
    """Choose the profile that the names give, and return the names without it.

    Raises:
        ConfigError: the jobs are of several profiles.
    """
    groups = by_profile(invocation, names)
    if len(groups) > 1:
        named = ", ".join(filter(None, (group.named for group in groups)))
        raise ConfigError(f"the jobs are of several profiles ({named})\nGive the jobs of one profile in one command.")
    invocation.profile, invocation.base_url = groups[0].invocation.profile, groups[0].invocation.base_url
    return groups[0].names


class ProfileNames(NamedTuple):
    """Names of jobs of one profile."""

    invocation: Invocation
    """Invocation with this profile."""
    names: tuple[str, ...]
    """Names without the profile."""
    named: str = ""
    """The profile as the names give it; empty for names without one."""


def by_profile(invocation: Invocation, names: tuple[str, ...]) -> list[ProfileNames]:
    """Divide names of jobs by their profiles, in the order of the names."""
    if not any("/" in name for name in names):
        return [ProfileNames(invocation, names)]
    from fttui.config.load import profile_names
    from fttui.core.reader import archive_key, archived_profiles
    from fttui.store.archive.first_rows import rows_named

    here = archive_key(invocation.options)
    profiles = {*profile_names(), *archived_profiles()}
    groups: dict[str, ProfileNames] = {}
    for name in names:
        profile, _, rest = name.partition("/")
        is_id = any(row.id == name for row in rows_named(paths.archive_file(), here, name, name))
        if not rest or profile not in profiles or is_id:
            profile, rest = "", name  # ids of some providers contain a slash
        chosen = replace(invocation, profile=profile, base_url=None) if profile else invocation
        key = archive_key(chosen.options)
        before = groups.get(key, ProfileNames(chosen, ()))
        chosen = chosen if profile and not before.named else before.invocation
        groups[key] = ProfileNames(chosen, (*before.names, rest), before.named or profile)
    return list(groups.values())
