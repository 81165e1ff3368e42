"""`fttui config`: show the settings and where they are set, or write a config.toml that explains them."""

from typing import Any

import click

from fttui import atomic
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import json_options
from fttui.cli.groups import Group, ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import Column, dumps, say
from fttui.config import choose as choices
from fttui.config import paths
from fttui.config.reference import is_plain, template


@click.group("config", cls=Group, short_help="Show the settings, or create config.toml.")
def config() -> None:
    """Show the settings and where they are set, or create config.toml."""


@config.command("path", short_help="Print the path of config.toml.")
@pass_invocation
def path(invocation: Invocation) -> int:
    """Print the path of config.toml, whether it exists or not.

    \b
    $EDITOR "$(fttui config path)"
    """
    invocation.output.print_line(paths.config_file())
    return DONE


@config.command("init", short_help="Create a config.toml that explains every setting.")
@pass_invocation
def init(invocation: Invocation) -> int:
    """Create a config.toml that explains every setting and sets none. An existing file is not changed.

    \b
    fttui config init
    """
    import os

    target = paths.config_file()
    if os.path.lexists(target):
        say(f"fttui: {target} already exists and was not changed")
        return FAILED
    paths.make_dir(os.path.dirname(target))
    atomic.write(target, template().encode())
    invocation.output.print_line(target)
    return DONE


@config.command("show", cls=ServiceCommand, short_help="Show every setting, its value and its origin.")
@json_options
@pass_invocation
def show(invocation: Invocation) -> int:
    """Show every setting, its value and where it is set. For an API key, show the source, never the key.

    \b
    fttui config show
    fttui --profile work config show --json
    """
    rows = _rows(invocation)
    columns = [
        Column[dict[str, Any]]("SETTING", lambda row: row["name"]),
        Column[dict[str, Any]]("VALUE", lambda row: _shown(row["value"])),
        Column[dict[str, Any]]("FROM", lambda row: row["from"]),
    ]
    invocation.output.print_list(rows, columns, raw=lambda row: row)
    return DONE


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value, indent=None)


def _rows(invocation: Invocation) -> list[dict[str, Any]]:
    """Return a row for each setting that applies to the chosen service, then a row for each path."""
    from fttui.config.load import load
    from fttui.config.schema import Alarms, Profile, Settings, Shared
    from fttui.config.theme import theme_in_use
    from fttui.webhook_url import shown as shown_address

    settings = load()
    chosen = choices.choose(profile=invocation.profile, base_url=invocation.base_url)
    own = settings.of(chosen) or Profile()
    of_profile = f"profile {chosen.name}"

    def row(name: str, value: object, origin: str) -> dict[str, Any]:
        return {"name": name, "value": value, "from": origin}

    def shared(name: str) -> dict[str, Any]:
        flag = getattr(invocation, name, None)
        found = [(flag, "--" + name.replace("_", "-"))] if flag not in (None, False) else []
        places = ((own.values, of_profile), (settings.values, "config.toml"))
        found += [(values[name], origin) for values, origin in places if name in values]
        if name == "read_only":
            found.sort(key=lambda value: not value[0])  # true in any place wins
        return row(name, *(found or [(_default(name, chosen), "default")])[0])

    rows = [
        row("profile", chosen.name, chosen.origin),
        row("base_url", chosen.base_url or "the service on this machine", chosen.origin),
        row("provider", "local" if chosen.is_local else chosen.provider, chosen.origin),
        *map(shared, Shared.settings()),
    ]
    shown = {row["name"] for row in rows}
    rows += [row(name, value, of_profile) for name, value in own.values.items() if name not in shown]
    for name, setting in Settings.settings().items():
        if name == "theme":
            rows.append(row(name, *theme_in_use(settings, settings.shared(own), fresh=invocation.fresh)))
        elif name not in shown and is_plain(setting):
            is_set = name in settings.values
            value = settings.values[name] if is_set else _default(name, chosen)
            rows.append(row(name, value, "config.toml" if is_set else "default"))
    rows += [row(f"keys.{id}", key, "config.toml") for id, key in settings.keys.items()]
    for name in Alarms.settings():
        origin = "config.toml" if name in settings.alarms.values else "default"
        rows.append(row(f"alarms.{name}", getattr(settings.alarms, name), origin))
    local = settings.local.values if chosen.is_local else {}
    for name, value in local.items():
        # Whoever knows the whole address of a webhook can post there.
        rows.append(row(f"local.{name}", shown_address(value) if name == "webhook" else value, "config.toml"))
    return [*rows, *_paths()]


def _default(name: str, chosen: choices.Choice) -> object:
    from fttui.config.schema import Settings
    from fttui.store.polling.poller import LIVE, LIVE_LOCAL

    if name == "interval":
        return LIVE_LOCAL if chosen.is_on_disk else LIVE
    setting = Settings.settings()[name]
    return setting.default if setting.default is not None else setting.otherwise


def _paths() -> list[dict[str, Any]]:
    import os

    config, data = (name if os.environ.get(name) else "default" for name in ("FTTUI_CONFIG", "FTTUI_DATA_DIR"))
    missing = "" if os.path.exists(paths.config_file()) else " (does not exist)"
    found = (
        ("config file", paths.config_file() + missing, config),
        ("profiles file", paths.profiles_file(), data),
        ("archive", paths.archive_file(), data),
        ("service", paths.service_dir(), data),
        ("state", paths.state_dir(), data),
    )
    return [{"name": name, "value": path, "from": origin} for name, path, origin in found]
