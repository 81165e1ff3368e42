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
    "delete": "fttui.cli.jobs.actions:delete",
    "events": "fttui.cli.jobs.events:events",
    "checkpoints": "fttui.cli.jobs.checkpoints:checkpoints",
    "metrics": "fttui.cli.jobs.metrics:metrics",
    "compare": "fttui.cli.jobs.compare:compare",
    "watch": "fttui.cli.jobs.watch:watch",
    "alarms": "fttui.cli.jobs.alarms:alarms",
    "prune": "fttui.cli.jobs.prune:prune",
}


@click.group("jobs", cls=ServiceGroup, table=COMMANDS, short_help="List, create, watch, cancel and delete jobs.")
def jobs() -> None:
    """List, create, watch, cancel and delete fine-tuning jobs.

    Instead of a full ID you can give the suffix of the job (`support-v4`) or the end of the id: `..x7Qa91Lk`, or
    without the dots if it has at least four characters. If several jobs have it, fttui lists them and sends nothing. A
    job of another profile is PROFILE/ID. fttui looks into the archive first and then into the list of the provider, and
    says which jobs it did not look at. `cancel` and `delete` show the full id before they ask, and in their output.

    \b
    fttui jobs list --status running
    fttui jobs create --model gpt-4.1-nano-2025-04-14 --training-file train.jsonl --wait
    fttui jobs events support-v4 --follow
    fttui jobs get work/support-v4
    """
