"""`fttui profile`: list, choose, add, remove and test profiles."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.exit_codes import DONE
from fttui.cli.flags import json_options
from fttui.cli.groups import Group, ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import Column, say
from fttui.config import choose as choices
from fttui.config.errors import ConfigError
from fttui.config.providers import PROVIDERS
from fttui.config.schema import Profile

if TYPE_CHECKING:
    from fttui.core.connect import Connection


@click.group("profile", cls=Group, short_help="Choose, add and test profiles of services.")
def profile() -> None:
    """Choose, add and test profiles. A profile gives a service a name.

    \b
    fttui profile add work --base-url https://host/v1 --api-key-env WORK_KEY
    fttui profile use work
    """


@profile.command("list", short_help="List profiles.")
@json_options
@pass_invocation
def list_(invocation: Invocation) -> int:
    """List profiles. A * marks the profile in use.

    Piped output is one tab-separated line per profile: * or an empty field, name, base URL, provider, source
    of the key, origin of the profile.

    \b
    fttui profile list
    """
    from fttui.config import load

    found = load.load().profiles
    in_config_file = load.user_settings().profiles
    now = choices.choose(profile=invocation.profile, base_url=invocation.base_url)
    rows: list[dict[str, Any]] = []
    for name in load.profile_names():
        chosen = choices.choose_profile(name, "")
        own = found.get(name)
        rows.append(
            {
                "name": name,
                "in_use": name == now.name,
                "base_url": chosen.base_url,
                "provider": "local" if chosen.is_local else chosen.provider,
                "key": _key(own, name),
                "from": "config.toml" if name in in_config_file else "fttui profile add" if own else "built in",
            }
        )
    if not any(row["in_use"] for row in rows):
        rows.insert(
            0,
            {
                "name": now.name,
                "in_use": True,
                "base_url": now.base_url,
                "provider": now.provider,
                "key": PROVIDERS[now.provider].key or "OPENAI_API_KEY",
                "from": now.origin,
            },
        )
    columns = [
        Column[dict[str, Any]]("", lambda row: "*" if row["in_use"] else ""),
        Column[dict[str, Any]]("NAME", lambda row: row["name"]),
        Column[dict[str, Any]]("BASE URL", lambda row: row["base_url"] or "this machine"),
        Column[dict[str, Any]]("PROVIDER", lambda row: row["provider"]),
        Column[dict[str, Any]]("KEY FROM", lambda row: row["key"]),
        Column[dict[str, Any]]("FROM", lambda row: row["from"]),
    ]
    invocation.output.print_list(rows, columns, raw=lambda row: row)
    return DONE


def _key(profile: Any, name: str) -> str:
    """Return the source of a profile's key."""
    if profile is None:
        return {"openai": "OPENAI_API_KEY", "azure": "AZURE_OPENAI_API_KEY"}.get(name, "")
    if profile.api_key_env:
        return str(profile.api_key_env)
    return "a command" if profile.api_key_command else "keyring" if profile.api_key_keyring else ""


@profile.command("use", short_help="Choose the default profile.")
@click.argument("name", required=False, shell_complete=completion.profiles)
@click.option("--clear", is_flag=True, help="Undo the choice: use config.toml and the environment.")
def use(name: str | None, clear: bool) -> int:
    """Choose the profile to use when --profile, --base-url and FTTUI_PROFILE are not given.

    \b
    fttui profile use work
    """
    from fttui.config.profiles import use_profile

    if (name is None) != clear:
        raise click.UsageError("give the NAME of a profile or --clear")
    use_profile(name)
    now = choices.choose()
    say(f"In use: {now.name} ({now.base_url or 'the service on this machine'}, {now.reason})")
    return DONE


def _setting_flags(function: Callable[..., int]) -> Callable[..., int]:
    """Add a flag for each setting of a profile that is declared with one."""
    for name, setting in reversed(Profile.settings().items()):
        if setting.flag:
            words = setting.kind.names
            otherwise = f"  [default: {setting.otherwise}]" if setting.otherwise else ""
            function = click.option(
                "--" + name.replace("_", "-"),
                type=click.Choice(words) if words else str,
                metavar=None if words else setting.flag,
                help=f"{setting.help[0].upper()}{setting.help[1:]}.{otherwise}",
            )(function)
    return function


@profile.command("add", short_help="Add a profile.")
@click.argument("name")
@_setting_flags
def add(name: str, **flags: Any) -> int:
    """Add a profile. fttui never stores a key. Give the source of the key, such as an environment variable.

    Without one, the profile takes the key from the provider's own variable, such as TOGETHER_API_KEY, if that is set.

    \b
    fttui profile add work --api-key-command 'pass show openai/work' --project proj_abc
    fttui profile add lab --base-url http://gpu1:8000/v1
    """
    from fttui.config.profiles import add_profile
    from fttui.config.validate import faults

    given = {key: value for key, value in flags.items() if value is not None}
    if fault := next(faults(Profile, given, ("the profile",)), None):
        raise ConfigError(str(fault))
    chosen = choices.choose_table(name, given, "")
    variable = PROVIDERS[chosen.provider].key
    if variable and os.environ.get(variable, "").strip() and not any(key.startswith("api_key_") for key in given):
        given["api_key_env"] = variable
    add_profile(name, Profile(**given))
    if "api_key_env" in given and flags["api_key_env"] is None:
        say(f"Its key is in {variable}, which is set.")
    say(f"Added {name}. To use it: --profile {name}, or as the default: fttui profile use {name}")
    return DONE


@profile.command("remove", short_help="Remove an added profile.")
@click.argument("name", shell_complete=completion.profiles)
def remove(name: str) -> int:
    """Remove a profile that was added with `fttui profile add`. Its archived jobs stay.

    \b
    fttui profile remove work
    """
    from fttui.config.profiles import remove_profile

    remove_profile(name)
    say(f"Removed {name}. Its jobs stay in the archive.")
    return DONE


@profile.command("test", cls=ServiceCommand, short_help="Test the connection and the key.")
@click.argument("name", required=False, shell_complete=completion.profiles)
@pass_invocation
def test(invocation: Invocation, name: str | None) -> int:
    """Test the connection and the key of a profile with one request. Without NAME, test the profile in use.

    \b
    fttui profile test work
    """
    if name is not None:
        invocation.profile = name

    async def work(connection: "Connection") -> None:
        await connection.client.list_jobs(limit=1)
        say(f"{connection.choice.name}: {connection.provider.title} answers" + _accepted(connection))

    return invocation.run_with_client(work)


def _accepted(connection: "Connection") -> str:
    origin = connection.provider.key_origin
    return f" and accepts the key from {origin}" if origin else "; no key was sent"
