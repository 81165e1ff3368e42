"""`fttui jobs`: the group and its commands."""

import click

from fttui.cli.groups import ServiceGroup

COMMANDS = {
    "list": "fttui.cli.jobs.listing:list_",
    "get": "fttui.cli.jobs.get:get",
    "create": "fttui.cli.jobs.create:create",
    "clone": "fttui.cli.jobs.create:clone",
    "cancel": "fttui.cli.jobs.actions:cancel",
    "pause": "fttui.cli.jobs.actions:pause",
    "resume": "fttui.cli.jobs.actions:resume",
    "events": "fttui.cli.jobs.events:events",
    "checkpoints": "fttui.cli.jobs.checkpoints:checkpoints",
    "metrics": "fttui.cli.jobs.metrics:metrics",
    "watch": "fttui.cli.jobs.watch:watch",
}


@click.group("jobs", cls=ServiceGroup, table=COMMANDS, short_help="List, create, watch and cancel jobs.")
def jobs() -> None:
    """List, create, watch and cancel fine-tuning jobs.

    Instead of a full ID you can give its end: `..x7Qa91Lk`, or without the dots if it has at least four characters. No
    other known job may have the same end. `cancel` shows the full id before it asks, and in its output.

    \b
    fttui jobs list --status running
    fttui jobs create --model gpt-4.1-nano-2025-04-14 --training-file train.jsonl --wait
    fttui jobs events ftjob-abc --follow
    """
