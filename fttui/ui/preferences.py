"""What a person has set about the cockpit in `config.toml`, read before the first frame. Standard library only."""

from typing import Any, NamedTuple

from fttui.config.files import ConfigError
from fttui.ui.commands import BY_ID, COMMANDS, Command
from fttui.ui.notify import KINDS

GLYPHS = ("auto", "unicode", "ascii")
LINKS = ("fast", "slow")


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


def read(config: dict[str, Any], where: str, profile: str = "") -> Preferences:
    """The preferences in a parsed `config.toml`; `where` is its path, for errors. What `profile` has for itself wins.

    Raises:
        ConfigError: an id or a value is none that there is, or two commands would share a key.
    """
    keys = config.get("keys", {})
    if not isinstance(keys, dict):
        raise ConfigError(f"{where}: keys must be a table of command ids and keys")
    commands = _rebound(keys, where)
    theme, mouse, title = config.get("theme", ""), config.get("mouse", True), config.get("title", True)
    if (
        not isinstance(theme, str)
        or not theme.isprintable()
        or not isinstance(mouse, bool)
        or not isinstance(title, bool)
    ):
        raise ConfigError(f"{where}: theme must be a name, mouse and title true or false")
    notify = _notify(config.get("notify", "bell"), where)
    if "title" in notify and not title:
        raise ConfigError(f"{where}: notify has title, and title is false")
    return Preferences(
        commands=commands,
        theme=theme,
        notify=notify,
        notify_command=_command(config.get("notify_command", []), where),
        glyphs=_one_of(config, "glyphs", GLYPHS, where),
        mouse=mouse,
        link=_link(config, where, profile),
        title=title,
    )


def _link(config: dict[str, Any], where: str, profile: str) -> str:
    own = config.get("profiles", {}).get(profile, {})
    return _one_of({**config, **own} if isinstance(own, dict) else config, "link", LINKS, where)


def _notify(value: object, where: str) -> tuple[str, ...]:
    """One word, or a list of them."""
    kinds: list[Any] = value if isinstance(value, list) else [value]
    if not all(kind in KINDS for kind in kinds) or ("off" in kinds and len(kinds) > 1):
        raise ConfigError(f"{where}: notify must be one of {', '.join(KINDS)}, or a list of them without off")
    return tuple(dict.fromkeys(kind for kind in kinds if kind != "off"))


def _command(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise ConfigError(f"{where}: notify_command must be a list: a program and its arguments")
    return tuple(value)


def _one_of(config: dict[str, Any], name: str, values: tuple[str, ...], where: str) -> str:
    value = config.get(name, values[0])
    if value not in values:
        raise ConfigError(f"{where}: {name} must be one of {', '.join(values)}")
    return str(value)


def _rebound(keys: dict[str, Any], where: str) -> tuple[Command, ...]:
    for id, text in keys.items():
        if id not in BY_ID:
            from difflib import get_close_matches

            near = get_close_matches(id, BY_ID, 1)
            more = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"{where}: keys.{id}: no command has this id{more}")
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise ConfigError(f"{where}: keys.{id} must be a key such as 'x', 'ctrl+x' or 'f5'")
    commands = tuple(
        command._replace(keys=keys[command.id], shown=keys[command.id].replace(",", " "))
        if command.id in keys
        else command
        for command in COMMANDS
    )
    taken: dict[str, str] = {}
    for command in commands:
        for key in command.keys.split(","):
            other = taken.setdefault(key.strip(), command.id)
            if other != command.id:
                raise ConfigError(f"{where}: keys: {key.strip()!r} would be both {other} and {command.id}")
    return commands
