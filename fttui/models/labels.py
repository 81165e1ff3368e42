"""Metadata of jobs that carries settings which the API has no member for. Standard library only."""

from collections.abc import Mapping

PREFIX = "fttui."
"""Start of the metadata keys that are settings of the embedded service."""
STOP_ON = "fttui.stop_on"
"""Kinds of alarms that stop a job of the embedded service, with commas between."""
SWEEP = "fttui.sweep"
"""Mark that the jobs of a sweep share."""
OWN_KEYS = (STOP_ON, SWEEP)
"""Keys with the prefix that are no settings of a trainer."""


def trainer_settings(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return the settings in the metadata of a job, as sent: those that the API has no field for, without options."""
    return {
        name: value
        for key, value in (metadata or {}).items()
        if key not in OWN_KEYS and (name := key.removeprefix(PREFIX)) != key and "." not in name
    }
