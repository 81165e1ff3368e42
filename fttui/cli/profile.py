"""`fttui profile`: the services that are known by name, and the one in use."""

from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.exit_codes import DONE
from fttui.cli.flags import forms
from fttui.cli.groups import Group, ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import Column, say
from fttui.config import choose as choices
from fttui.config.errors import ConfigError

if TYPE_CHECKING:
    from fttui.core.connect import Connection


@click.group("profile", cls=Group, short_help="Choose, add and test services.")
def profile() -> None:
    """Choose, add and test services by name.

    \b
    fttui profile add work --base-url https://host/v1 --api-key-env WORK_KEY
    fttui profile use work
    """


@profile.command("list", short_help="List profiles.")
@forms
@pass_invocation
def list_(invocation: Invocation) -> int:
    """List profiles; a * marks the one that is chosen now.

    \b
    fttui profile list
    """
    from fttui.config import load

    found = load.load().profiles
    users = load.user_settings().profiles
    now = choices.choose(profile=invocation.profile, base_url=invocation.base_url)
    rows: list[dict[str, Any]] = []
    for name in load.profile_names():
        chosen = choices.named(name, "")
        own = found.get(name)
        rows.append(
            {
                "name": name,
                "in_use": name == now.name,
                "base_url": chosen.base_url,
                "provider": "local" if chosen.is_local else chosen.provider,
                "key": _key(own, name),
                "from": "config.toml" if name in users else "fttui profile add" if own else "built in",
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
                "key": "OPENAI_API_KEY",
                "from": now.why,
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
    invocation.output.many(rows, columns, raw=lambda row: row)
    return DONE


def _key(profile: Any, name: str) -> str:
    """Where a profile's key comes from; never the key."""
    if profile is None:
        return {"openai": "OPENAI_API_KEY", "azure": "AZURE_OPENAI_API_KEY"}.get(name, "")
    if profile.api_key_env:
        return str(profile.api_key_env)
    return "a command" if profile.api_key_command else "keyring" if profile.api_key_keyring else ""


@profile.command("use", short_help="Choose the profile for scripts and the cockpit.")
@click.argument("name", required=False, shell_complete=completion.profiles)
@click.option("--clear", is_flag=True, help="Leave the choice to the configuration and the environment again.")
def use(name: str | None, clear: bool) -> int:
    """Choose the profile that is used when no flag and no FTTUI_PROFILE names one.

    \b
    fttui profile use work
    """
    from fttui.config.profiles import use_profile

    if (name is None) != clear:
        raise click.UsageError("give the NAME of a profile, or --clear")
    use_profile(name)
    now = choices.choose()
    say(f"in use: {now.name} ({now.base_url or 'the service on this machine'}, {now.because})")
    return DONE


@profile.command("add", short_help="Add a profile.")
@click.argument("name")
@click.option("--base-url", metavar="URL", help="Where /fine_tuning/jobs hangs. Default: OpenAI.")
@click.option("--provider", type=click.Choice(list(choices.PROVIDERS)), help="Its dialect; guessed from the host.")
@click.option("--api-key-env", metavar="VAR", help="The variable that holds the key.")
@click.option("--api-key-command", metavar="CMD", help="A program that prints the key.")
@click.option("--api-key-keyring", metavar="SERVICE/USER", help="An entry of the system keyring.")
@click.option("--auth", type=click.Choice(["bearer", "api-key"]), help="How the key is sent.")
@click.option("--organization", metavar="ORG")
@click.option("--project", metavar="P")
@click.option("--api-version", metavar="DATE", help="Azure's dated API.")
@click.option("--ca-file", metavar="PEM", help="The authorities to trust.")
def add(name: str, **flags: Any) -> int:
    """Add a profile. Keys are never stored: name the place where the key is.

    \b
    fttui profile add work --api-key-command 'pass show openai/work' --project proj_abc
    fttui profile add lab --base-url http://gpu1:8000/v1
    """
    from fttui.config.profiles import add_profile
    from fttui.config.schema import Profile
    from fttui.config.validate import faults

    given = {key: value for key, value in flags.items() if value is not None}
    if fault := next(faults(Profile, given, "the profile"), ""):
        raise ConfigError(fault)
    choices.of_profile(name, given, "")
    add_profile(name, Profile(**given))
    say(f"added {name}; use it with --profile {name}, or for good: fttui profile use {name}")
    return DONE


@profile.command("remove", short_help="Remove a profile that was added.")
@click.argument("name", shell_complete=completion.profiles)
def remove(name: str) -> int:
    """Remove a profile that `fttui profile add` made. Its archive stays.

    \b
    fttui profile remove work
    """
    from fttui.config.profiles import remove_profile

    remove_profile(name)
    say(f"removed {name}; what the archive keeps of it stays")
    return DONE


@profile.command("test", cls=ServiceCommand, short_help="Ask a service whether it answers and takes the key.")
@click.argument("name", required=False, shell_complete=completion.profiles)
@pass_invocation
def test(invocation: Invocation, name: str | None) -> int:
    """Ask the service of a profile (the chosen one, without NAME) for one job.

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
    return f" and takes the key from {origin}" if origin else "; no key was sent"
