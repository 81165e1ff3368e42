"""`fttui models try`: ask a model, or two side by side, with prompts of its job, of a file, or with one text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fttui.cli import completion
from fttui.cli.exit_codes import DONE, exit_code_of
from fttui.cli.flags import json_options
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import JSON, JSONL, Output, say, say_progress
from fttui.config.errors import ConfigError
from fttui.text import middle_cut, wrap

if TYPE_CHECKING:
    from fttui.api.errors import ApiError
    from fttui.core.connect import Connection
    from fttui.core.try_model import Answer, TryModel
    from fttui.core.try_target import Target
    from fttui.data.prompts import Prompt

LIMIT = 5
"""Prompts of a file without --limit."""
LONGEST_NAME = 16
"""Characters of a name beside an answer."""


class Asked(NamedTuple):
    """A prompt, and the answers to it, that of MODEL first."""

    prompt: Prompt
    answers: list[Answer]

    def as_json(self) -> dict[str, Any]:
        return {"prompt": self.prompt.messages, "answers": [answer.as_json() for answer in self.answers]}


@click.command("try", cls=ServiceCommand, short_help="Ask a model, or two side by side.")
@click.argument("model", shell_complete=completion.models)
@click.option("--prompt", metavar="TEXT", help="Ask with this text.")
@click.option("--file", "path", metavar="PATH", help="Ask with the prompts of a JSONL file.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help=f"Prompts of a file (default: {LIMIT}).")
@click.option("--against", metavar="MODEL", shell_complete=completion.models, help="Ask this model too.")
@click.option("--max-tokens", type=click.IntRange(1), default=256, metavar="N", help="Longest answer (default: 256).")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, metavar="X", help="Default: 0.")
@json_options
@pass_invocation
def try_(
    invocation: Invocation,
    model: str,
    prompt: str | None,
    path: str | None,
    limit: int | None,
    against: str | None,
    max_tokens: int,
    temperature: float,
) -> int:
    """Ask a model, and with --against a second one, and print the answers.

    MODEL is the id of a model, or a job, which stands for its newest model. Without --prompt and --file, the
    prompts are the first ones of the job's validation file, else of its training file, up to their last answer.
    That answer is printed as expected.

    The cost is printed first on stderr. Nothing is asked: the request is sent at once. Piped output is one
    tab-separated line per answer: number of the prompt, model, finish reason, text.

    \b
    fttui models try support-v4 --against fttui-tiny-1
    fttui models try support-v4 --prompt "Where is my parcel?" --json
    """
    if prompt is not None and (path is not None or limit is not None):
        raise click.UsageError("Give --prompt, or --file and --limit.")

    async def work(connection: Connection) -> int:
        from fttui.config.paths import archive_file
        from fttui.core.job_names import JobSearch
        from fttui.core.pricing import Pricing
        from fttui.core.try_model import Sampling, TryModel
        from fttui.core.try_target import TargetSearch

        job_search = JobSearch(archive_file(), connection.choice.key, invocation.clock.now())
        search = TargetSearch(connection.client, job_search)
        target = await search.find(model, with_job=prompt is None and path is None)
        targets = [target] if against is None else [target, await search.find(against, with_job=False)]
        prompts, where = await _prompts(connection, target, prompt, path, limit or LIMIT)
        trying = TryModel(lambda: connection.client, Pricing(connection.choice), invocation.clock)
        report = Report(invocation.output, targets, where, len(prompts), is_single=prompt is not None)
        sampling = Sampling(temperature, max_tokens)
        models = [each.candidate.model for each in targets]
        _say_cost(trying, models, prompts, sampling)
        for number, each in enumerate(prompts, 1):
            say_progress(f"asking {number} of {len(prompts)}")
            answers = [await trying.ask(name, each, sampling) for name in models]
            say_progress("")
            report.add(number, Asked(each, answers))
        report.end(trying)
        return DONE if report.error is None else exit_code_of(report.error)

    return invocation.run_with_client(work)


async def _prompts(
    connection: Connection, target: Target, text: str | None, path: str | None, limit: int
) -> tuple[Sequence[Prompt], str]:
    """Return the prompts, and the name of their file.

    Raises:
        ConfigError: there are none.
    """
    import asyncio
    import os

    from fttui.core.try_prompts import disk_prompts, job_prompts
    from fttui.data.prompts import typed_prompt

    if text is not None:
        return [typed_prompt(text)], ""
    if path is not None:
        try:
            found = await asyncio.to_thread(disk_prompts, path, limit)
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
        if not found:
            raise ConfigError(f"{path} has no prompts\nTo check it: fttui files check {path}")
        return found, os.path.basename(path)
    if target.job is None:
        model = target.candidate.model
        raise ConfigError(f"no job of {model} is known, so there are no prompts\nGive --prompt TEXT or --file PATH.")
    listed = await job_prompts(connection.client, target.job, is_local=connection.choice.is_local)
    if listed.trouble:
        raise ConfigError(f"{listed.trouble.rstrip('.')}\nGive --prompt TEXT or --file PATH.")
    if listed.is_training:
        say(f"The prompts are of the training file {listed.file}: the model has learned them.")
    return listed.prompts[:limit], listed.file


def _say_cost(trying: TryModel, models: Sequence[str], prompts: Sequence[Prompt], sampling: Any) -> None:
    costs = [trying.cost(models, prompt, sampling) for prompt in prompts]
    if all(cost.is_free for cost in costs):
        return
    known = [cost.cost for cost in costs if cost.cost is not None]
    if len(known) < len(costs):
        say(f"Asking {len(prompts)} prompts. The price is not known.")
    else:
        total = costs[0]._replace(cost=sum(known)).text
        say(f"Asking {len(prompts)} prompt{'' if len(prompts) == 1 else 's'} costs {total} or less.")


class Report:
    """Prints answers as they arrive, in the form of the output."""

    def __init__(self, output: Output, targets: Sequence[Target], where: str, total: int, *, is_single: bool) -> None:
        """
        Args:
            where: name of the file with the prompts.
            is_single: `--json` prints one object, not a list.
        """
        self._output = output
        self._where = where
        self._total = total
        self._is_single = is_single
        names = [target.candidate.name for target in targets]
        if len(set(names)) < len(names):
            names = [target.candidate.model for target in targets]
        self._names = [middle_cut(name, LONGEST_NAME) for name in names]
        self._asked: list[Asked] = []
        self.error: ApiError | None = None
        """First failure of an answer."""

    def add(self, number: int, asked: Asked) -> None:
        """Print the answers to one prompt; with `--json` at the end."""
        self._asked.append(asked)
        failures = [answer.error for answer in asked.answers if answer.error is not None]
        self.error = self.error or next(iter(failures), None)
        output = self._output
        if output.form == JSONL:
            output.print_line("", asked.as_json())
        elif output.form == JSON:
            pass
        elif output.is_terminal:
            self._print_block(number, asked)
        else:
            for answer in asked.answers:
                output.print_row([str(number), answer.model, answer.finish_reason, answer.content])
        if output.form in (JSON, JSONL) or not output.is_terminal:
            for error in failures:
                say(f"fttui: {error.text}")
        output.flush()

    def _print_block(self, number: int, asked: Asked) -> None:
        place = f" line {asked.prompt.line}, {self._where} ─" if asked.prompt.line and self._where else ""
        head = f"── {number} of {self._total} "
        cells = self._output.cells
        lines = [head + "─" * max(0, cells - len(head) - len(place)) + place]
        rows = [(part.name, part.text) for part in asked.prompt.parts]
        named = zip(self._names[::-1], asked.answers[::-1], strict=True)  # the model that is compared with comes first
        rows += [(name, answer.content or (f"! {answer.trouble}" if answer.error else "")) for name, answer in named]
        rows += [("expected", asked.prompt.expected)] if asked.prompt.expected else []
        width = max(len(name) for name, _ in rows) + 2
        for name, text in rows:
            for at, piece in enumerate(wrap(text, max(20, cells - width))):
                lines.append(f"{'' if at else name:<{width}}{piece}".rstrip())
        self._output.print_text("\n".join(lines) + "\n")

    def end(self, trying: TryModel) -> None:
        """Print what is left, and say how much was asked."""
        if self._output.form == JSON:
            objects = [asked.as_json() for asked in self._asked]
            whole = objects[0] if self._is_single else {"object": "list", "data": objects, "has_more": False}
            self._output.print_line("", whole)
        answers = [answer for asked in self._asked for answer in asked.answers if answer.error is None]
        prompt, completion = sum(answer.prompt_tokens or 0 for answer in answers), sum(each.tokens for each in answers)
        cost = trying.spent_words
        said = f"{len(answers)} answer{'' if len(answers) == 1 else 's'}, {prompt:,} tokens in, {completion:,} out"
        say(f"{said}{f', {cost}' if cost else ''}.")
