"""Forms of training data of single providers, to and from OpenAI's. Only what is certain is converted."""

import json
from typing import IO, Any

from fttui.models.preference import by_api

Example = dict[str, Any]
GEMINI, PAIRS = "gemini", "pairs"
FORMS = {"vertex": GEMINI, "dashscope": PAIRS}
"""Form by provider, where it is not OpenAI's. `pairs` differs for preference data only."""
_PREFERRED, _OTHER = "preferred_completion", "non_preferred_completion"
_TO_OURS = {"user": "user", "model": "assistant"}
_TO_GEMINI = {"user": "user", "assistant": "model"}


def is_in_form(example: Example, form: str) -> bool:
    """Return whether the members of an example are those of a form."""
    if form == GEMINI:
        return "contents" in example
    return form == PAIRS and {"messages", "chosen", "rejected"} <= example.keys()


def needs_form(example: Example, form: str) -> bool:
    """Return whether an example in OpenAI's form would have to be converted to a form."""
    if form == GEMINI:
        return "messages" in example
    return form == PAIRS and _PREFERRED in by_api(example)


def from_form(example: Example, form: str) -> Example | None:
    """Return an example of a form in OpenAI's; None if it cannot be expressed there."""
    return _from_gemini(example) if form == GEMINI else _from_pair(example)


def to_form(example: Example, form: str) -> Example | None:
    """Return an example in OpenAI's form in that of a provider; None if it cannot be expressed there."""
    return _to_gemini(example) if form == GEMINI else _to_pair(example)


def _text_of(content: Any) -> str | None:
    """Return the text of Gemini's content; None if it has parts that are no texts."""
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or not parts:
        return None
    texts = [part.get("text") if isinstance(part, dict) and part.keys() == {"text"} else None for part in parts]
    return "\n".join(texts) if all(isinstance(text, str) for text in texts) else None  # type: ignore[arg-type]


def _from_gemini(example: Example) -> Example | None:
    messages: list[Example] = []
    if (system := example.get("systemInstruction")) is not None:
        if (text := _text_of(system)) is None:
            return None
        messages.append({"role": "system", "content": text})
    contents = example["contents"]
    for content in contents if isinstance(contents, list) else [None]:
        role = _TO_OURS.get(str(content.get("role"))) if isinstance(content, dict) else None
        text = _text_of(content)
        if role is None or text is None:
            return None
        messages.append({"role": role, "content": text})
    return {"messages": messages}


def _to_gemini(example: Example) -> Example | None:
    if example.keys() != {"messages"} or not isinstance(example["messages"], list):
        return None
    made: Example = {}
    contents: list[Example] = []
    for index, message in enumerate(example["messages"]):
        if not isinstance(message, dict) or message.keys() != {"role", "content"}:
            return None
        role, content = message["role"], message["content"]
        if not isinstance(content, str):
            return None
        parts = [{"text": content}]
        if role == "system" and index == 0:
            made["systemInstruction"] = {"parts": parts}
        elif role in _TO_GEMINI:
            contents.append({"role": _TO_GEMINI[role], "parts": parts})
        else:
            return None
    return {**made, "contents": contents}


def _from_pair(example: Example) -> Example | None:
    chosen, rejected = example["chosen"], example["rejected"]
    if not isinstance(chosen, dict) or not isinstance(rejected, dict):
        return None
    return {"input": {"messages": example["messages"]}, _PREFERRED: [chosen], _OTHER: [rejected]}


def _to_pair(example: Example) -> Example | None:
    example = by_api(example)
    given = example.get("input")
    if example.keys() != {"input", _PREFERRED, _OTHER} or not isinstance(given, dict) or given.keys() != {"messages"}:
        return None
    answers = [example[_PREFERRED], example[_OTHER]]
    if not all(isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict) for answer in answers):
        return None
    return {"messages": given["messages"], "chosen": answers[0][0], "rejected": answers[1][0]}


def convert_file(source: str, target: IO[bytes], form: str) -> int:
    """Write the examples of a file in the form of a provider. Return the number of lines that stay as they are."""
    kept = 0
    with open(source, "rb") as file:
        for line in file:
            made = None
            try:
                example = json.loads(line)
            except (ValueError, RecursionError):
                example = None
            if isinstance(example, dict) and needs_form(example, form):
                made = to_form(example, form)
                kept += made is None
            target.write(line if made is None else json.dumps(made, ensure_ascii=False).encode() + b"\n")
    return kept
