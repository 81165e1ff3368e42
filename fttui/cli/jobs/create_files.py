"""Files given by options of `jobs create`: data, a part of it to hold out, and the grader."""

import sys
from typing import TYPE_CHECKING, Any

import click

from fttui.cli.output import say

if TYPE_CHECKING:
    from fttui.core.job_data import LocalFiles


def held_out(flags: dict[str, Any]) -> dict[str, Any]:
    """Hold out a part of the training file with `--hold-out`. Return the options with the new files.

    Raises:
        click.UsageError: there is nothing to hold out, or the file cannot be split.
    """
    if flags["hold_out"] is None:
        return flags
    from fttui.core.job_data import find_files
    from fttui.core.samples import sample_path
    from fttui.data.hold_out import CannotHoldOut, hold_out

    if flags["validation_file"]:
        raise click.UsageError("--hold-out and --validation-file cannot be used together")
    name = flags["training_file"] or ""
    path = find_files({"training_file": name}).paths.get("training_file")
    if path is None or path == sample_path(name):
        raise click.UsageError("--hold-out needs --training-file with the path of a file of yours")
    try:
        done = hold_out(path, flags["hold_out"])
    except CannotHoldOut as error:
        raise click.UsageError(f"--hold-out: {error}") from None
    say(done.words)
    return {**flags, "training_file": done.training, "validation_file": done.validation}


def read_grader(path: str) -> dict[str, Any]:
    """Read a grader from a JSON file; `-` is standard input.

    Raises:
        click.UsageError: the file cannot be read or holds no grader.
    """
    from fttui.data import grader

    try:
        if path != "-":
            return grader.read_grader(path)
        content = sys.stdin.buffer.read(grader.LARGEST + 1)
        if len(content) > grader.LARGEST:
            raise click.UsageError("--grader: standard input is larger than 1 MB: a grader is a short JSON object")
        return grader.parse_grader(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise click.UsageError("--grader: standard input is not text") from None
    except grader.BadGrader as error:
        raise click.UsageError(f"--grader: {error}") from None


def local_files(flags: dict[str, Any]) -> "LocalFiles":
    """Resolve the data files given by options.

    Raises:
        click.UsageError: a path cannot be read.
    """
    from fttui.core.job_data import FILES, find_files

    files = find_files({member: flags.get(member) for member in FILES})
    for member, reason in files.errors.items():
        raise click.UsageError(f"--{member.replace('_', '-')}: {reason}")
    return files
