"""`fttui config`: the settings, where each comes from, and a file to start with."""

from typing import Any

import click

from fttui import atomic
from fttui.cli.flags import Group, Verb, forms
from fttui.cli.invocation import DONE, FAILED, Invocation, pass_invocation
from fttui.cli.output import Column, dumps, say
from fttui.config import choose as choices
from fttui.config import paths, validators
from fttui.config.schema import COCKPIT, LINKS, LOCAL, SHARED, THEMES, TOP, Setting

_SERVICES = """\
# Other keys: ids as in the README, or as `?` shows them.
# [keys]
# "job.cancel" = "f8"

# A service. Keys are not written here: name the place where the key is.
# [profiles.work]
# base_url = "https://api.openai.com/v1"
# api_key_env = "WORK_OPENAI_API_KEY"            # or: api_key_command = "pass show openai/work"
# project = "proj_abc"

# [profiles.azure]
# provider = "azure"
# base_url = "https://RESOURCE.openai.azure.com"
# api_key_env = "AZURE_OPENAI_API_KEY"
# api_version = "2024-10-21"                      # leave out for /openai/v1

# [profiles.lab]
# base_url = "http://gpu1:8000/v1"
"""

_TRAINERS = """\
# Programs of yours that train for it (fttui/server/trainers/README.md).
# [local.trainers.lora]
# command = ["/opt/lora/bin/python", "/opt/lora/train.py"]
# models = ["meta-llama/Llama-3.1-8B"]
# methods = ["supervised", "dpo"]
# hang_after = 900
"""

CELLS = 21
"""Of a setting in the template, before its meaning."""


def template() -> str:
    """A `config.toml` in which everything is explained and nothing is set."""
    return "\n".join(
        (
            "# fttui reads this file and never changes it. All of it is optional.",
            "",
            *map(_explained, (setting for setting in TOP if setting.kind is not validators.table)),
            "",
            _SERVICES,
            "# The service on this machine.",
            "# [local]",
            *map(_explained, (setting for setting in LOCAL if setting.kind is not validators.table)),
            "",
            _TRAINERS,
        )
    )


def _explained(setting: Setting) -> str:
    value = setting.example or dumps(setting.default, indent=None)
    return f"# {f'{setting.name} = {value}':<{CELLS}} # {setting.meaning}"


@click.group("config", cls=Group, short_help="Show the settings, or write a file to start with.")
def config() -> None:
    """Show the settings and where they come from, or write a file to start with."""


@config.command("path", short_help="Print the path of config.toml.")
@pass_invocation
def path(invocation: Invocation) -> int:
    """Print the path of config.toml, whether it exists or not.

    \b
    $EDITOR "$(fttui config path)"
    """
    invocation.output.line(paths.config_file())
    return DONE


@config.command("init", short_help="Write a config.toml to start with.")
@pass_invocation
def init(invocation: Invocation) -> int:
    """Write a config.toml in which everything is explained and nothing is set. One that exists is left alone.

    \b
    fttui config init
    """
    import os

    target = paths.config_file()
    if os.path.lexists(target):
        say(f"fttui: {target} is there already and is left as it is")
        return FAILED
    paths.make_dir(os.path.dirname(target))
    atomic.write(target, template().encode())
    invocation.output.line(target)
    return DONE


@config.command("show", cls=Verb, short_help="Show every setting and where it comes from.")
@forms
@pass_invocation
def show(invocation: Invocation) -> int:
    """Show what is set and where it comes from: name, value and origin. Keys are named by their place, never shown.

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
    invocation.output.many(rows, columns, raw=lambda row: row)
    return DONE


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value, indent=None)


def _rows(invocation: Invocation) -> list[dict[str, Any]]:
    import os

    from fttui.config import validate
    from fttui.store.polling.poller import LIVE, LIVE_LOCAL

    content = validate.both()
    chosen = choices.choose(profile=invocation.profile, base_url=invocation.base_url)
    own = choices.known().get(chosen.name, {}) if chosen.source == "profile" else {}
    whose = f"profile {chosen.name}"
    usual = {"interval": LIVE_LOCAL if chosen.is_local else LIVE, "link": LINKS[0], "theme": THEMES[0]}

    def row(name: str, value: object, origin: str) -> dict[str, Any]:
        return {"name": name, "value": value, "from": origin}

    def default(setting: Setting) -> object:
        return usual.get(setting.name, setting.default)

    def shared(setting: Setting) -> dict[str, Any]:
        name = setting.name
        flag = getattr(invocation, name, None)
        given = [(flag, "--" + name.replace("_", "-"))] if flag not in (None, False) else []
        given += [(held[name], origin) for held, origin in ((own, whose), (content, "config.toml")) if name in held]
        if name == "read_only":
            given.sort(key=lambda value: not value[0])  # refused anywhere is refused
        return row(name, *(given or [(default(setting), "default")])[0])

    rows = [
        row("profile", chosen.name, chosen.why),
        row("base_url", chosen.base_url or "the service on this machine", chosen.why),
        row("provider", "local" if chosen.is_local else chosen.provider, chosen.why),
        *map(shared, SHARED),
    ]
    told = ("base_url", "provider", *(setting.name for setting in SHARED))
    rows += [row(name, value, whose) for name, value in own.items() if name not in told]
    for setting in COCKPIT:
        origin = "config.toml" if setting.name in content else "default"
        rows.append(row(setting.name, content.get(setting.name, default(setting)), origin))
    rows += [row(f"keys.{id}", key, "config.toml") for id, key in content.get("keys", {}).items()]
    local = content.get("local", {}) if chosen.is_local else {}
    rows += [row(f"local.{name}", value, "config.toml") for name, value in local.items()]
    moved = {name: name for name in ("FTTUI_CONFIG", "FTTUI_DATA_DIR") if os.environ.get(name)}
    config, data = moved.get("FTTUI_CONFIG", "default"), moved.get("FTTUI_DATA_DIR", "default")
    missing = "" if os.path.exists(paths.config_file()) else " (not there)"
    return [
        *rows,
        row("config file", paths.config_file() + missing, config),
        row("profiles file", paths.profiles_file(), data),
        row("archive", paths.archive_file(), data),
        row("service", paths.service_dir(), data),
        row("state", paths.state_dir(), data),
    ]
