"""`fttui serve`: run the embedded service over TCP, and show or stop the running service."""

import click

from fttui.cli import tables
from fttui.cli.exit_codes import DONE, FAILED, UNREACHABLE
from fttui.cli.flags import json_options
from fttui.cli.groups import Command
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import say
from fttui.config.paths import make_dir, service_dir

PORT = 8484


@click.command("serve", cls=Command, short_help="Run the embedded service for other programs.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="P",
    help="TCP port; 0 chooses a free port.",
)
@click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="F",
    help="File with the accepted keys, one per line; readable by you only.",
)
@click.option("--status", is_flag=True, help="Show the state of the running service.")
@click.option("--stop", is_flag=True, help="Stop the running service. Trainers save a checkpoint and stop.")
@json_options
@pass_invocation
def serve(invocation: Invocation, host: str, port: int, api_key_file: str | None, status: bool, stop: bool) -> int:
    """Run the embedded service in the foreground and serve its API over TCP, for any OpenAI SDK.

    Without --api-key-file the service listens on the loopback interface only and accepts any key. Every user of this
    machine can then connect.

    \b
    fttui serve --port 8484
    OPENAI_BASE_URL=http://127.0.0.1:8484/v1 OPENAI_API_KEY=any python script.py
    fttui serve --status
    """
    if status and stop:
        raise click.UsageError("--status and --stop cannot be used together")
    if status:
        return _status(invocation)
    if stop:
        return _stop()
    from fttui.config import load
    from fttui.core.local_service import check_installed
    from fttui.server import control

    check_installed()
    settings = load.load()
    local, secrets = settings.for_service(), settings.key_variables()
    try:
        return control.serve(make_dir(service_dir()), host, port, api_key_file, settings=local, secrets=secrets)
    except control.ServiceError as error:
        say(f"fttui: {error}")
        return FAILED


def _status(invocation: Invocation) -> int:
    from fttui.server import control, lock

    try:
        state = control.status(service_dir())
    except control.ServiceBusy as error:
        reason = str(error)
        invocation.output.print_object(
            {"running": True, "trouble": reason}, [("state", "running, but it does not answer")]
        )
        say(f"fttui: {reason}")
        return UNREACHABLE
    if state is None:
        invocation.output.print_object({"running": False}, [("state", "not running")])
        try:
            lock.check_host(service_dir())
        except control.ServiceError as error:
            say(f"fttui: {error}")
        return FAILED
    running = state.get("running_jobs") or []
    others = [f"{count} {name}" for name, count in (state.get("jobs") or {}).items() if name != "running" and count]
    raw = {"running": True, **state}
    fields = [
        ("state", "running"),
        ("pid", str(state["pid"])),
        ("version", str(state["version"])),
        ("since", tables.when(state["started_at"])),
        ("socket", str(state["socket"])),
        ("url", str(state.get("url") or "none (socket only)")),
        ("running jobs", ", ".join(map(str, running)) or "none"),
        ("other jobs", ", ".join(others) or "none"),
        *(("notice", str(notice)) for notice in state.get("notices") or ()),
        *([("trouble", str(state["trouble"]))] if state.get("trouble") else []),
    ]
    invocation.output.print_object(raw, fields)
    return DONE


def _stop() -> int:
    from fttui.server import control

    try:
        stopped = control.stop(service_dir())
    except control.ServiceError as error:
        say(f"fttui: {error}")
        return UNREACHABLE
    say("Service stopped." if stopped else "No service is running.")
    return DONE
