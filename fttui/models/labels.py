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


def engine_options(metadata: Mapping[str, str] | None, kind: str) -> dict[str, str]:
    """Return the options in the metadata of a job for its engine, by name.

    Args:
        kind: kind of the engine, such as `slurm`: the key of an option is `fttui.slurm.NAME`.
    """
    start = f"{PREFIX}{kind}."
    return {key.removeprefix(start): value for key, value in (metadata or {}).items() if key.startswith(start)}


def option_kinds(metadata: Mapping[str, str] | None) -> set[str]:
    """Return the kinds of engines for which the metadata of a job has options."""
    names = (key.removeprefix(PREFIX) for key in metadata or {} if key.startswith(PREFIX) and key not in OWN_KEYS)
    return {name.partition(".")[0] for name in names if "." in name}
