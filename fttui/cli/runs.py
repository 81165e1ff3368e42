"""`fttui runs`: the cockpit on directories of runs that other programs started."""

import click

from fttui.cli.groups import Command
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.core.options import Options
from fttui.runs.place import exists, url_of
from fttui.text import clean_line


@click.command("runs", cls=Command, short_help="Open the cockpit on runs that other programs started.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@pass_invocation
def runs(invocation: Invocation, paths: tuple[str, ...]) -> Options:
    """Open the cockpit on directories of runs that other programs started: the working directory without PATH.

    Found below each PATH are runs of Hugging Face's Trainer and of everything built on it (TRL, Unsloth, Axolotl,
    LLaMA-Factory), of TensorBoard, W&B, MLflow and trackio, and CSV files, JSON lines and console logs with metrics.
    These files are only read, and nothing is written there. With --offline it shows what the archive has of them.

    For scripts, name the directory as a URL, or add a profile.

    \b
    fttui runs /scratch/me
    fttui jobs list --base-url file:///scratch/me
    fttui profile add scratch --provider runs --directory /scratch/me
    """
    if invocation.profile is not None or invocation.base_url is not None:
        raise click.UsageError("runs takes neither --profile nor --base-url")
    given = paths or (".",)
    try:
        url = url_of(given)
    except OSError:
        raise click.UsageError("the working directory does not exist any more. Name each PATH in full") from None
    if not invocation.offline:
        for path in given:
            if not exists(path):
                raise click.UsageError(f"{clean_line(path)} does not exist")
    invocation.base_url = url
    return invocation.options
