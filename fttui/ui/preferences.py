"""Settings as the cockpit uses them. Standard library only: they are read before the first frame."""

from fttui.commands import COMMANDS, Command
from fttui.config.schema import Settings


class Preferences:
    """The settings, and those of them that depend on the profile or need conversion."""

    def __init__(self, settings: Settings | None = None, profile: str = "") -> None:
        settings = settings or Settings()
        shared = settings.shared(settings.profiles.get(profile))
        self.settings = settings
        self.commands = _rebound(settings.keys)
        """All commands, with the user's keys."""
        self.notify = tuple(dict.fromkeys(kind for kind in settings.notify if kind != "off"))
        """Kinds of notification; empty for none."""
        self.slow_link = shared.link == "slow"
        """Use the terminal's own colours only, which take the fewest bytes."""
        self.read_only = shared.read_only


def _rebound(keys: dict[str, str]) -> tuple[Command, ...]:
    if not keys:
        return COMMANDS
    from fttui.config.key_bindings import textual_names

    return tuple(
        command._replace(keys=",".join(textual_names(keys[command.id])), shown=keys[command.id].replace(",", " "))
        if command.id in keys
        else command
        for command in COMMANDS
    )
