"""`fttui files check`: check training data on this machine and estimate the cost of training."""

import os
from typing import TYPE_CHECKING, Any

import click

from fttui.cli import completion
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.files import check_report
from fttui.cli.files.download import check_target
from fttui.cli.flags import Number, json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.jobs.create_files import read_grader
from fttui.cli.output import JSON, JSONL, dumps, say, say_progress
from fttui.cli.progress import LARGE, file_progress
from fttui.config import load
from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.config.paths import prices_file
from fttui.config.providers import PROVIDERS
from fttui.core.samples import sample_path
from fttui.models.hyperparameters import RANGES

if TYPE_CHECKING:
    from fttui.data.findings import Finding
    from fttui.data.report import Report

METHODS = ("supervised", "dpo", "reinforcement")


@click.command("check", cls=ServiceCommand, short_help="Check training data and estimate the cost.")
@click.argument("path", type=click.Path())
@click.option("--method", type=click.Choice(METHODS), help="Training method.  [default: by the data]")
@click.option(
    "--model", metavar="M", shell_complete=completion.models, help="Model; sets length limit, tokenizer and price."
)
@click.option("--validation", type=click.Path(), metavar="PATH", help="Check this file too, and find examples in both.")
@click.option("--grader", type=click.Path(), metavar="FILE", help="Reinforcement: the grader, as JSON.")
@click.option("--n-epochs", type=Number(RANGES["n_epochs"]), metavar="N|auto", help="Epochs, to estimate the cost.")
@click.option(
    "--batch-size", type=Number(RANGES["batch_size"]), metavar="N|auto", help="Batch size, to estimate the steps."
)
@click.option(
    "--for",
    "provider_name",
    type=click.Choice(list(PROVIDERS)),
    help="Provider that will read the data; with --fix, the copy is in its form.  [default: the profile's]",
)
@click.option("--fix", is_flag=True, help="Write a repaired copy to the path of -o and check the copy.")
@click.option("--output", "-o", metavar="PATH", help="Path of the repaired copy. It cannot be the checked file.")
@click.option("--force", is_flag=True, help="With --fix: replace an existing file at the path of -o.")
@json_options
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
    provider_name: str | None,
    fix: bool,
    output: str | None,
    force: bool,
) -> int:
    """Check training data line by line and report tokens, steps and cost. The data stays on this machine.

    The exit code is 0 if a job can use the data, even with warnings. It is 1 if the data has errors. When stdout is not
    a terminal, each finding is one tab-separated line: location, level, code, member, problem, remedy.
    `fttui help data` lists all findings.

    \b
    fttui files check train.jsonl --model gpt-4o-mini --validation valid.jsonl
    fttui files check train.jsonl --fix -o repaired.jsonl
    fttui files check train.jsonl --for vertex --fix -o gemini.jsonl
    fttui files check train.jsonl --jsonl | jq -r 'select(.level == "error") | .line'
    """
    from fttui.data.prices import PriceFileError

    path = _existing_file(path, "PATH")
    validation = _existing_file(validation, "--validation") if validation else None
    if fix != (output is not None):
        raise click.UsageError("use --fix and -o PATH together: PATH is the path of the repaired copy")
    try:
        options: dict[str, Any] = {"method": method, "model": model, "validation": validation}
        options["grader"] = read_grader(grader) if grader else None
        if output is not None:
            provider = _provider_kind(invocation, model)
            rules = {"method": method, "model": model, "grader": options["grader"], "provider": provider}
            path = _repair(path, output, force, rules)
        options["form"] = _form(invocation, provider_name)
        if output is not None and provider_name is not None and options["form"]:
            path = _convert(path, output, options["form"])
        return _check(invocation, path, options, {"n_epochs": n_epochs, "batch_size": batch_size})
    except PriceFileError as error:
        raise ConfigError(str(error)) from None
    finally:
        say_progress("")


def _existing_file(path: str, flag: str) -> str:
    """Return the path of a file. A name that does not exist may be the name of a sample file of fttui."""
    if not os.path.exists(path):
        path = sample_path(path) or path
    if not os.path.exists(path):
        raise click.UsageError(f"{flag}: no such file: {path}")
    if not os.path.isfile(path):
        raise click.UsageError(f"{flag}: {path} is not a regular file; save the data to a file first")
    return path


def _check(invocation: Invocation, path: str, options: dict[str, Any], hyperparameters: dict[str, Any]) -> int:
    from fttui.data.check import check_file
    from fttui.data.findings import finding_json

    output, found = invocation.output, list[Any]()
    provider = _provider_kind(invocation, options["model"])

    def print_finding(file: str, code: str, finding: "Finding") -> None:
        item = finding_json(file, code, finding, provider)
        if output.form == JSONL:
            output.print_text(dumps(item, indent=None) + "\n")
        elif output.form == JSON:
            found.append(item)
        else:
            where = file + (f":{finding.line}" if finding.line else "")
            detail = f" ({finding.detail})" if finding.detail else ""
            cells = (where, item["level"], code, finding.member, item["what"] + detail, item["mend"])
            output.print_row(cells)

    for_terminal = output.form == "table" and output.is_terminal
    local = load.load().local
    report = check_file(
        path,
        **options,
        **hyperparameters,
        provider=provider,
        own_prices=prices_file(),
        per_hour=local.price_per_hour,
        place=local.place,
        on_finding=None if for_terminal else print_finding,
        progress=file_progress(path, "checking", min_size=LARGE),
    )
    say_progress("")
    _print(invocation, report, found, for_terminal=for_terminal)
    return DONE if report.ok else FAILED


def _print(invocation: Invocation, report: "Report", found: list[Any], *, for_terminal: bool) -> None:
    output = invocation.output
    if output.form == JSON:
        output.print_text(dumps({**report.as_json(), "findings": found}) + "\n")
    elif output.form == JSONL:
        output.print_text(dumps(report.as_json(), indent=None) + "\n")
    elif for_terminal:
        for line in check_report.lines(report):
            output.print_line(line)
    else:
        output.flush()
        say(f"{report.path}: {report.headline()}")
        for note in report.notes:
            say(f"note: {note}")


def _repair(path: str, target: str, force: bool, rules: dict[str, Any]) -> str:
    """Write a repaired copy, print what was changed, and return the path of the copy.

    Without a change nothing is written, and the path of the checked file is returned.

    Args:
        rules: arguments of `check_file`, by which the copy is compared with the file.
    """
    from fttui.core.repaired_copy import NothingToRepair, write_repaired_copy
    from fttui.data.repair import CannotRepair, is_same_file

    if is_same_file(path, target):
        raise ConfigError(f"{target} is the checked file; choose a different path for the copy")
    check_target(target, force)
    progress = file_progress(path, "repairing", min_size=LARGE)
    try:
        done = write_repaired_copy(path, target, rules, overwrite=force, progress=progress)
    except NothingToRepair as error:
        say_progress("")
        say(str(error))
        return path
    except CannotRepair as error:
        raise ConfigError(str(error)) from None
    say_progress("")
    say(f"wrote {target}: {done.lines:,} line{'' if done.lines == 1 else 's'}")
    for words, times in done.changes:
        say(f"  {words}: {times:,}")
    return target


def _form(invocation: Invocation, provider: str | None) -> str:
    """Return the form in which a provider reads data; by default the one of the chosen service."""
    from fttui.data.provider_forms import FORMS

    if provider is None:
        load.load()
        provider = choose(profile=invocation.profile, base_url=invocation.base_url).provider
    return FORMS.get(provider, "")


def _convert(path: str, target: str, form: str) -> str:
    """Write a repaired file in the form of a provider to `target`. Return its path."""
    from io import BytesIO

    from fttui import atomic
    from fttui.data.provider_forms import convert_file

    content = BytesIO()
    kept = convert_file(path, content, form)
    atomic.write(target, content.getvalue())
    say(f"wrote {target} in the provider's form")
    if kept:
        say(f"  {kept:,} line{'' if kept == 1 else 's'} cannot be expressed in it and stay as they are")
    return target


def _provider_kind(invocation: Invocation, model: str | None) -> str:
    """Return the provider whose prices and rules apply: OpenAI's for a hosted model, even if the profile is `local`."""
    from fttui.data.prices import price_of, provider_kind

    load.load()
    choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    if choice.is_local and model is not None and (price := price_of(model)).model and not price.local:
        return "openai"
    return provider_kind(choice.base_url, is_local=choice.is_local)
