"""`fttui engines`: engines that run trainers on other machines, and a test of one."""

from typing import Any

import click

from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.flags import json_options
from fttui.cli.groups import Command, Group
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import Column, say
from fttui.config import load
from fttui.config.schema import Engine, Local


@click.group("engines", cls=Group, short_help="List and test the engines that run trainers.")
def engines() -> None:
    """List and test the engines that run trainers on other machines: docs/clusters.md.

    \b
    fttui engines list
    """


@engines.command("list", cls=Command, short_help="List the engines of config.toml.")
@json_options
@pass_invocation
def list_(invocation: Invocation) -> int:
    """List the engines of config.toml. Piped output: name, kind, directory, trainers, jobs at the same time.

    \b
    fttui engines list
    """
    local = load.load().local
    rows = [_row(name, engine, local) for name, engine in local.engines.items()]
    columns = [
        Column[dict[str, Any]]("NAME", lambda row: row["name"]),
        Column[dict[str, Any]]("KIND", lambda row: row["kind"]),
        Column[dict[str, Any]]("DIRECTORY", lambda row: row["directory"]),
        Column[dict[str, Any]]("TRAINERS", lambda row: ", ".join(row["trainers"])),
        Column[dict[str, Any]]("MOST", lambda row: str(row["max_submitted"]), right=True),
    ]
    invocation.output.print_list(rows, columns, raw=lambda row: row)
    if not rows:
        say("No engines. Trainers run on this machine; add [local.engines.NAME] to config.toml.")
    return DONE


def _row(name: str, engine: Engine, local: Local) -> dict[str, Any]:
    trainers = local.for_service()
    using = {**trainers["trainers"], **trainers["built_in"]}
    return {
        "name": name,
        "kind": engine.kind,
        "directory": engine.directory,
        "options": engine.options,
        "max_submitted": engine.max_submitted,
        "trainers": sorted(trainer for trainer, members in using.items() if members.get("engine") == name),
    }


@engines.command("test", cls=Command, short_help="Run a job of one second.")
@click.argument("name")
@pass_invocation
def test(invocation: Invocation, name: str) -> int:
    """Submit a job of one second and say what happened. Exit 0 when it ran, and its node can run trainers.

    Ctrl-C removes the job.

    \b
    fttui engines test lab
    """
    from fttui.server import control

    settings = load.load()
    if name not in settings.local.engines:
        known = ", ".join(settings.local.engines) or "none"
        raise click.UsageError(f"there is no engine {name}. Known: {known}")
    steps = control.test_engine(settings.for_service(), name, tell=lambda words: say(f"  {words}"))
    for step in steps:
        invocation.output.print_line(f"{'ok' if step.is_good else 'failed':6}  {step.name:10}{step.text}")
    return DONE if all(step.is_good for step in steps) else FAILED
