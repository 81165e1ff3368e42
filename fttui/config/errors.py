"""Errors of the configuration. Standard library only."""

from fttui.text import clean


class ConfigError(Exception):
    """The configuration cannot be used. `str()` is clean: a line for each fault, then what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message))


class NoKey(ConfigError):
    """The service needs an API key and none was found. `str()` names the missing source and how to set it."""
