"""What a person has set about the cockpit in `config.toml`, read before the first frame. Standard library only."""

from typing import Any, NamedTuple

from fttui.commands import COMMANDS, Command


class Preferences(NamedTuple):
    """Settings of the cockpit; each has a default that suits most."""

    commands: tuple[Command, ...] = COMMANDS
    """The command table with the person's own keys."""
    theme: str = ""
    notify: tuple[str, ...] = ("bell",)
    """How the end of a watched job is told to who looks elsewhere; empty for not at all."""
    notify_command: tuple[str, ...] = ()
    """A program and its arguments, run for each watched job that ends."""
    glyphs: str = "auto"
    mouse: bool = True
    link: str = "fast"
    """`slow` keeps to the terminal's own colours, which take the fewest bytes."""
    title: bool = True
    """The terminal's title tells how many jobs are in which state."""
    read_only: bool = False
    """Nothing may be changed at the service; `--read-only` says the same for all of them."""


def read(config: dict[str, Any], profile: str = "") -> Preferences:
    """The preferences in a checked `config.toml`. What `profile` has for itself wins."""
    notify = config.get("notify", ["bell"])
    kinds: list[str] = notify if isinstance(notify, list) else [notify]
    own = config.get("profiles", {}).get(profile, {})
    return Preferences(
        commands=_rebound(config.get("keys", {})),
        theme=config.get("theme", ""),
        notify=tuple(dict.fromkeys(kind for kind in kinds if kind != "off")),
        notify_command=tuple(config.get("notify_command", [])),
        glyphs=config.get("glyphs", "auto"),
        mouse=config.get("mouse", True),
        link=own.get("link") or config.get("link", "fast"),
        title=config.get("title", True),
        read_only=config.get("read_only", False) or own.get("read_only", False),
    )


def _rebound(given: dict[str, str]) -> tuple[Command, ...]:
    if not given:
        return COMMANDS
    from fttui.config.keys import spelled

    return tuple(
        command._replace(keys=",".join(spelled(given[command.id])), shown=given[command.id].replace(",", " "))
        if command.id in given
        else command
        for command in COMMANDS
    )
