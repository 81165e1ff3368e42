"""Texts about prompts and answers that are copied or written to files. Pure."""

import csv
import io
import json
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from fttui.core.try_candidates import BASE, Candidate
from fttui.core.try_model import Answer, Sampling
from fttui.data.prompts import Prompt
from fttui.text import csv_cell

FORMATS = ("md", "jsonl", "csv")
_CSV_HEAD = ("prompt", "line", "model", "answer", "expected", "finish_reason", "tokens")


class Tried(NamedTuple):
    """A prompt with its answers so far."""

    number: int
    """Number of the prompt, from 1."""
    prompt: Prompt
    answers: Sequence[tuple[Candidate, Answer]]


def prompt_text(prompt: Prompt) -> str:
    """Return the messages as text, each after its role."""
    return "\n".join(f"{part.name}: {part.text}" for part in prompt.parts)


def both_text(tried: Tried) -> str:
    """Return the prompt, the answers and the expected answer as text."""
    texts = [prompt_text(tried.prompt)]
    texts += [f"{candidate.name}: {answer.content}" for candidate, answer in tried.answers]
    texts += [f"expected: {tried.prompt.expected}"] if tried.prompt.expected else []
    return "\n".join(texts)


def as_json(tried: Tried) -> dict[str, Any]:
    """Return the object that `fttui models try --json` prints."""
    return {"prompt": tried.prompt.messages, "answers": [answer.as_json() for _, answer in tried.answers]}


def curl_command(base_url: str, model: str, prompt: Prompt, sampling: Sampling, *, azure: bool) -> str:
    """Return a curl command that asks the same. It refers to the key by the variable `KEY`."""
    key = "api-key: $KEY" if azure else "Authorization: Bearer $KEY"
    body = {"model": model, "messages": sampling.messages(prompt), "temperature": sampling.temperature}
    quoted = shlex.quote(json.dumps(body | {"max_tokens": sampling.max_tokens}))
    address = shlex.quote(f"{base_url}/chat/completions")
    return f"curl -H \"{key}\" -H 'Content-Type: application/json' {address} -d {quoted}"


def shell_command(candidates: Sequence[Candidate], prompt: Prompt) -> str:
    """Return the command that asks the same models with the text of the last message."""
    main = candidates[-1]
    words = ["fttui", "models", "try", main.model, "--prompt", prompt.parts[-1].text]
    words += ["--against", candidates[0].model] if len(candidates) > 1 else []
    return shlex.join(words)


def file_content(every: Sequence[Tried], format: str) -> str:
    """Return all answers so far in one of `FORMATS`."""
    match format:
        case "jsonl":
            return "".join(json.dumps(as_json(tried)) + "\n" for tried in every)
        case "csv":
            return _csv(every)
    return "\n".join(_markdown(tried) for tried in every)


def _csv(every: Sequence[Tried]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEAD)
    for tried in every:
        for _, answer in tried.answers:
            row = [prompt_text(tried.prompt), str(tried.prompt.line or ""), answer.model, answer.content]
            row += [tried.prompt.expected, answer.finish_reason, str(answer.tokens)]
            writer.writerow([csv_cell(cell) for cell in row])
    return text.getvalue()


def _markdown(tried: Tried) -> str:
    lines = [f"## Prompt {tried.number}", ""]
    for part in tried.prompt.parts:
        lines += [f"**{part.name}**", "", *_quoted(part.text), ""]
    for candidate, answer in tried.answers:
        of_base = "" if candidate.kind == BASE else f" ({candidate.model})"
        lines += [f"### {candidate.title}{of_base}", "", *_quoted(answer.content), ""]
    if tried.prompt.expected:
        lines += ["### expected", "", *_quoted(tried.prompt.expected), ""]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    return [f"> {line}".rstrip() for line in text.split("\n")]
