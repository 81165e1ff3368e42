"""`fttui files check`: whether training data is right, and what a run over it would cost, before anything is sent."""

import os
from typing import TYPE_CHECKING, Any

import click

from fttui.atomic import writing
from fttui.cli import completion
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.files import report as reading
from fttui.cli.files.download import check_target
from fttui.cli.flags import NumberOrAuto, forms
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.create import read_grader
from fttui.cli.output import JSON, JSONL, dumps, say, say_progress
from fttui.config import load
from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.config.paths import prices_file
from fttui.core.samples import sample_path

if TYPE_CHECKING:
    from fttui.data.report import Finding, Report

METHODS = ("supervised", "dpo", "reinforcement")


@click.command("check", cls=ServiceCommand, short_help="Check training data and price a run.")
@click.argument("path", type=click.Path())
@click.option("--method", type=click.Choice(METHODS), help="What it is for.  [default: what the first line tells]")
@click.option(
    "--model", metavar="M", shell_complete=completion.models, help="For its limit, its tokenizer and its price."
)
@click.option("--validation", type=click.Path(), metavar="PATH", help="A validation file: checked too, and compared.")
@click.option("--grader", type=click.Path(), metavar="FILE", help="Reinforcement: the grader, checked with the data.")
@click.option("--n-epochs", type=NumberOrAuto(whole=True), metavar="N|auto", help="For the price.")
@click.option("--batch-size", type=NumberOrAuto(whole=True), metavar="N|auto", help="For the number of steps.")
@click.option("--fix", is_flag=True, help="Write a copy with everything mended that can be; needs -o.")
@click.option("--output", "-o", metavar="PATH", help="Where the mended copy goes; never the file itself.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@forms
@pass_invocation
def check(
    invocation: Invocation,
    path: str,
    method: str | None,
    model: str | None,
    validation: str | None,
    grader: str | None,
    n_epochs: int | str | None,
    batch_size: int | str | None,
    fix: bool,
    output: str | None,
    force: bool,
) -> int:
    """Check training data line by line, and work out tokens, steps and cost. Nothing is sent anywhere.

    Exit code 0 means that a job may be started with it, warnings or not; 1 that there are errors. Away from a terminal
    a finding is a line of place, level, code, member, what is wrong and how to mend it, with tabs between them.
    All findings are named by `fttui help data`.

    \b
    fttui files check train.jsonl --model gpt-4o-mini --validation valid.jsonl
    fttui files check train.jsonl --fix -o mended.jsonl
    fttui files check train.jsonl --jsonl | jq -r 'select(.level == "error") | .line'
    """
    from fttui.data.prices import PriceFileError

    path, validation = _file(path, "PATH"), _file(validation, "--validation") if validation else None
    if fix != (output is not None):
        raise click.UsageError("--fix and -o PATH belong together: the copy goes to PATH")
    try:
        if output is not None:
            path = _mended(path, output, force)
        asked: dict[str, Any] = {"method": method, "model": model, "validation": validation}
        asked["grader"] = read_grader(grader) if grader else None
        return _check(invocation, path, asked, {"n_epochs": n_epochs, "batch_size": batch_size})
    except PriceFileError as error:
        raise ConfigError(str(error)) from None
    finally:
        say_progress("")


def _file(path: str, flag: str) -> str:
    if not os.path.exists(path):
        path = sample_path(path) or path
    if not os.path.exists(path):
        raise click.UsageError(f"{flag}: there is no file {path}")
    if not os.path.isfile(path):
        raise click.UsageError(f"{flag}: {path} is not a file that can be read twice; write it to disk first")
    return path


def _check(invocation: Invocation, path: str, asked: dict[str, Any], tuned: dict[str, Any]) -> int:
    from fttui.data.check import check_file
    from fttui.data.report import finding_json

    output, found = invocation.output, list[Any]()

    def each(file: str, code: str, finding: "Finding") -> None:
        made = finding_json(file, code, finding)
        if output.form == JSONL:
            output.text(dumps(made, indent=None) + "\n")
        elif output.form == JSON:
            found.append(made)
        else:
            where = file + (f":{finding.line}" if finding.line else "")
            detail = f" ({finding.detail})" if finding.detail else ""
            cells = (where, made["level"], code, finding.member, made["what"] + detail, made["mend"])
            output.row(cells)

    is_read = output.form == "table" and output.is_terminal
    report = check_file(
        path,
        **asked,
        **tuned,
        provider=_place(invocation, asked["model"]),
        own_prices=prices_file(),
        each=None if is_read else each,
        progress=reading.progress_of(path),
    )
    say_progress("")
    _print(invocation, report, found, is_read=is_read)
    return DONE if report.ok else FAILED


def _print(invocation: Invocation, report: "Report", found: list[Any], *, is_read: bool) -> None:
    output = invocation.output
    if output.form == JSON:
        output.text(dumps({**report.as_json(), "findings": found}) + "\n")
    elif output.form == JSONL:
        output.text(dumps(report.as_json(), indent=None) + "\n")
    elif is_read:
        for line in reading.lines(report):
            output.line(line)
    else:
        output.flush()
        say(f"{report.path}: {report.headline()}")
        for note in report.notes:
            say(f"note: {note}")


def _mended(path: str, target: str, force: bool) -> str:
    """Write the mended copy and say what was changed; its path."""
    from fttui.data.repair import CannotRepair, is_same_file, repair_file

    if is_same_file(path, target):
        raise ConfigError(f"{target} is the file itself: the copy needs a place of its own")
    check_target(target, force)
    try:
        with writing(target, overwrite=force) as file:
            done = repair_file(path, file, progress=reading.progress_of(path, "mending"))
    except CannotRepair as error:
        raise ConfigError(str(error)) from None
    say_progress("")
    say(f"{target} written: {done.lines:,} line{'' if done.lines == 1 else 's'}")
    for words, times in done.changes:
        say(f"  {words}: {times:,}")
    if not done.changes:
        say("  nothing could be mended mechanically")
    return target


def _place(invocation: Invocation, model: str | None) -> str:
    """Who would train. A model that is not of this machine is priced by the public list, whoever is looked at."""
    from fttui.data.prices import price_of, provider_kind

    load.load()
    choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    if choice.is_local and model is not None and not price_of(model).local:
        return "openai"
    return provider_kind(choice.base_url, is_local=choice.is_local)
