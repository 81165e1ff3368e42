"""Reasons why an action is refused before a request is sent. Standard library only.

The store and `core.availability` share these texts, so that a user reads the same reason everywhere. Each text is a
clause without a final full stop: it follows `cancel: ` in the prompt row and an id in an error message.
"""

READ_ONLY = "this session is read-only"
WATCHED = "this run was started by another program, and fttui only reads its files"
NO_SERVER = "no service runs the model of this run: fttui only reads the files"
"""Reason why the model of a run that another program started cannot be tried."""
NOT_CONNECTED = "not connected yet"
SEVERAL_PROFILES = "several profiles are shown: choose one with @"
NO_JOB = "no job is selected"
GONE = "the provider no longer lists this job"
STILL_LISTED = "the provider still lists this job, so it would come back"
OFFLINE_FLAG = "--offline: showing the archive only"
"""State of a session that sends no requests because of the flag."""


def offline(why: str) -> str:
    """Return the reason for a provider that cannot be reached."""
    return "fttui runs with --offline" if why == OFFLINE_FLAG else f"offline ({why})"


def not_offered(provider: str, verb: str) -> str:
    """Return the reason for a route that the provider does not have."""
    return f"{provider} does not offer {route_words(verb)}"


_ROUTES = {
    "delete_job": "deleting jobs",
    "delete_model": "deleting models",
    "delete_file": "deleting files",
    "try_model": "chat completions",
    "results": "result files",
    "file": "facts about files",
    "content": "downloads of files",
    "create": "new jobs",
}
"""Words for routes whose names do not say it."""


def route_words(verb: str) -> str:
    """Return the name of a route for users."""
    return _ROUTES.get(verb, verb)


def still_live(status: str) -> str:
    """Return the reason for the deletion of a job that has not ended."""
    return f"this job is {status}: cancel it first"


def not_final(status: str) -> str:
    """Return the reason for an archived copy of a job that has not ended."""
    return f"this job is {status}: only the copy of a finished job can be deleted"
