"""The chat templates that TRL ships, and how loss masks are made for each: the table in docs/chat-templates.md.

`python -m tests.server.trainers.hf.templates` writes the table.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parents[4] / "docs" / "chat-templates.md"
_SPECIAL = re.compile(
    r"<[|｜][^<>|｜\n'\"{}]{1,40}[|｜]>|<(?:end_of_turn|start_of_turn|end_of_utterance|turn\||\|turn)>"
)
CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
    {"role": "assistant", "content": "four"},
]
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": {"word": "tea"}}}
TOOLS = [{"type": "function", "function": {"name": "look_up", "description": "Look up.", "parameters": {}}}]
WITH_TOOLS: list[dict[str, Any]] = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "look_up", "content": "leaves"},
    {"role": "assistant", "content": "two"},
]


class Row(NamedTuple):
    """One line of the table."""

    family: str
    method: str
    """Empty for a refused family."""
    learned: str
    """Text that is learned of the conversation."""
    system: str
    tools: str
    refusal: str = ""


def templates() -> Iterator[tuple[str, str]]:
    """Yield name and text of each template that TRL ships, without those made for training."""
    import trl

    folder = Path(trl.__file__).parent / "chat_templates"
    for path in sorted(folder.glob("*.jinja")):
        if not path.stem.endswith("_training"):
            yield path.stem, path.read_text(encoding="utf-8")


def tokenizer_for(template: str) -> Any:
    """Return a tokenizer that has the special tokens of a template, and a byte for each other token."""
    from tests.server.trainers.hf.models import make_tokenizer

    return make_tokenizer(template, (*sorted(set(_SPECIAL.findall(template))), "</s>"))


def learned(tokenizer: Any, encoded: Any) -> str:
    """Return the text of the learned tokens."""
    from fttui.server.trainers.hf.masks import IGNORED

    return str(tokenizer.decode([label for label in encoded.labels if label != IGNORED]))


def row(family: str, template: str) -> Row:
    """Return the line of the table for one template."""
    from fttui.server.trainers.hf.masks import Masks, UnverifiedMask

    tokenizer = tokenizer_for(template)
    try:
        masks = Masks(tokenizer)
        text = learned(tokenizer, masks.encode(CONVERSATION, [True] * len(CONVERSATION), None))
    except UnverifiedMask as error:
        return Row(family, "", "", "", "", str(error))
    try:
        called = learned(tokenizer, masks.encode(WITH_TOOLS, [True] * len(WITH_TOOLS), TOOLS))
        tools = "yes" if "look_up" in called and "leaves" not in called else "no"
    except UnverifiedMask:
        tools = "no"
    return Row(family, masks.method, text, "yes" if masks.knows_system else "put before the user's", tools)


def table() -> str:
    """Return the table of docs/chat-templates.md."""
    rows = [row(*template) for template in templates()]
    lines = ["| template | loss mask | system messages | tools |", "| --- | --- | --- | --- |"]
    for each in rows:
        method = each.method or f"refused: {each.refusal}"
        lines.append(f"| {each.family} | {method} | {each.system} | {each.tools} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return the page with its table written again."""
    block = re.compile(r"(<!-- generated: templates -->\n).*?(<!-- /generated -->)", re.DOTALL)
    assert block.search(page)
    return block.sub(lambda found: f"{found[1]}{table()}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
