"""Decide whether an action on a job, file or model is possible now, and give the reason when it is not.

Keys, footer, palette and commands ask here, so each refusal has one wording. The answer rests on the last known state:
the provider decides in the end. Standard library only, because the first footer needs it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from fttui.lean_typing import TYPE_CHECKING, Literal, NamedTuple
from fttui.models import refusals
from fttui.models.restrictions import Restrictions
from fttui.models.row import JobRow
from fttui.models.status import Status

if TYPE_CHECKING:
    from fttui.store.snapshot import Snapshot

Verb = Literal[
    "create",
    "clone",
    "cancel",
    "pause",
    "resume",
    "delete",
    "delete_job",
    "delete_copy",
    "delete_model",
    "delete_file",
    "upload",
    "try_model",
]
"""An action. `delete` only opens the choice between the deletes: a job, its archived copy (`delete_copy`), a tuned
model and a file."""

_ON_JOBS = ("clone", "cancel", "pause", "resume", "delete_job", "delete_copy")
_ON_COPIES = ("delete", "delete_copy", "try_model")
"""Actions that change nothing at the provider of a job."""
_DONE = {
    "clone": "cloned",
    "cancel": "cancelled",
    "pause": "paused",
    "resume": "resumed",
    "delete_job": "deleted",
    "delete_copy": "deleted",
}
_STATES = {"pause": (Status.RUNNING, Status.UNKNOWN), "resume": (Status.PAUSED, Status.UNKNOWN)}
"""States in which a job can be paused or resumed. A state that fttui does not know may be either."""


_DELETED: tuple[tuple[str, Verb], ...] = (("job", "delete_job"), ("copy", "delete_copy"))


class Access(NamedTuple):
    """Facts about the session that allow or forbid an action."""

    profile: str = ""
    """Name of the profile, for messages."""
    read_only: bool = False
    connected: bool = True
    """A store exists."""
    unreachable: str = ""
    """Reason why no request can arrive; empty while one may."""
    restrictions: Restrictions = Restrictions()
    """Limits of the provider."""
    of_profiles: "Mapping[str, Restrictions]" = MappingProxyType({})
    """Limits of each provider, where several profiles are shown."""
    several_profiles: bool = False
    answers: bool = True
    """The provider answered lately, so it would list again a job whose archived copy is deleted."""

    def limits(self, profile: str) -> Restrictions:
        """Return the limits of the provider of a profile."""
        return self.of_profiles.get(profile, self.restrictions)


def access_to(
    profile: str,
    snapshot: "Snapshot | None",
    *,
    read_only: bool = False,
    restrictions: Restrictions = Restrictions(),  # noqa: B008  (a value)
    of_profiles: "Mapping[str, Restrictions]" = MappingProxyType({}),
    several_profiles: bool = False,
) -> Access:
    """Return the access that a snapshot of the store describes; None stands for a store that does not exist yet."""
    if snapshot is None:
        return Access(profile, read_only, False, restrictions=restrictions, several_profiles=several_profiles)
    return Access(
        profile,
        read_only,
        unreachable=snapshot.health.unreachable,
        restrictions=restrictions,
        of_profiles=of_profiles,
        several_profiles=several_profiles,
        answers=str(snapshot.health.state) in ("live", "stale", "limited"),
    )


def pause_or_resume(job: JobRow) -> Literal["pause", "resume"]:
    """Return the verb of the pause key: a paused job is resumed."""
    return "resume" if job.status is Status.PAUSED else "pause"


def why_not(verb: Verb, job: JobRow | None, access: Access) -> str:
    """Return the reason why `verb` is impossible; empty when it is possible.

    Args:
        job: the job to act on; None for an action on no job (`create`, the deletes of files and models).
    """
    if reason := why_not_at_all(verb, access):
        return reason
    if verb not in _ON_JOBS:
        return ""
    return refusals.NO_JOB if job is None else _why_not_job(verb, job, access)


def why_none(verb: Verb | Literal["pause_or_resume"], jobs: Iterable[JobRow], access: Access) -> str:
    """Return the reason why `verb` is possible for none of `jobs`; empty when it is possible for one at least.

    Args:
        verb: also `pause_or_resume`, which takes the verb that fits each job.
    """
    found: dict[str, None] = {}
    number = 0
    for job in jobs:
        number += 1
        reason = why_not(pause_or_resume(job) if verb == "pause_or_resume" else verb, job, access)
        if not reason:
            return ""
        found[reason] = None
    if not number:
        return why_not("pause" if verb == "pause_or_resume" else verb, None, access)
    if len(found) == 1:
        return next(iter(found))
    done = "paused or resumed" if verb == "pause_or_resume" else _DONE[verb]
    return f"none of the {number} jobs can be {done}: {', '.join(found)}"


def deletable(jobs: Sequence[JobRow], access: Access, has_checkpoints: Callable[[JobRow], bool]) -> set[str]:
    """Return what can be deleted of jobs: `job`, `model`, `checkpoints` and `copy`.

    Args:
        has_checkpoints: tells whether the provider has models of the checkpoints of a job.
    """
    found = {kind for kind, verb in _DELETED if not why_none(verb, jobs, access)}
    if why_not("delete_model", None, access):
        return found
    kept = [job for job in jobs if not job.gone and not why_no_route("delete_model", job, access)]
    if any(job.fine_tuned_model for job in kept):
        found.add("model")
    if len(jobs) == 1 and kept and jobs[0].status.is_final and has_checkpoints(jobs[0]):
        found.add("checkpoints")
    return found


def why_no_route(route: str, job: JobRow | None, access: Access) -> str:
    """Return the reason why the provider of a job, or the one that is shown, lacks a route; empty when it has it."""
    profile = (job.profile if job is not None else "") or access.profile or "the provider"
    return refusals.not_offered(profile, route) if route in access.limits(profile).missing else ""


def why_not_at_all(verb: Verb, access: Access) -> str:
    """Return the reason why `verb` is impossible for every job; empty when it is possible for some."""
    if access.restrictions.is_watched and verb == "try_model":
        return refusals.NO_SERVER
    if access.restrictions.is_watched and verb not in _ON_COPIES:
        return refusals.WATCHED
    if access.read_only and verb != "try_model":  # it changes nothing
        return refusals.READ_ONLY
    if not access.connected and verb != "create":  # the form opens at once, and its request waits
        return refusals.NOT_CONNECTED
    if verb in ("create", "clone", "try_model") and access.several_profiles:
        return refusals.SEVERAL_PROFILES
    if verb in ("delete", "delete_copy"):
        return ""
    if access.unreachable:
        return refusals.offline(access.unreachable)
    route = "create" if verb == "clone" else verb
    if route == "create" and access.restrictions.closed:
        return f"{access.profile or 'the provider'} {access.restrictions.closed}"
    return why_no_route(route, None, access)


def _why_not_job(verb: Verb, job: JobRow, access: Access) -> str:
    if access.limits(job.profile).is_watched and verb not in _ON_COPIES:
        return refusals.WATCHED
    if verb == "clone":
        return ""
    if verb == "delete_copy":
        if job.gone:
            return ""
        if job.status.is_live:
            return refusals.not_final(job.status_text)
        return refusals.STILL_LISTED if access.answers else ""
    if job.gone:
        return refusals.GONE
    if verb == "delete_job":
        if reason := why_no_route(verb, job, access):
            return reason
        return refusals.still_live(job.status_text) if job.status.is_live else ""
    if job.fault:
        return job.fault
    if reason := why_no_route(verb, job, access):
        return reason
    if job.status.is_final:
        return f"already {job.status_text}"
    if job.status is Status.STOPPING:
        return "already being cancelled"
    if verb in _STATES and job.status not in _STATES[verb]:
        fits = "running" if verb == "pause" else "paused"
        return f"this job is {job.status_text}: only a {fits} job can be {_DONE[verb]}"
    return ""
