"""Check the messages of an example: roles, members, order. Count their tokens."""

import re
from typing import Any

from fttui.data.content import check_calls, check_function_name, check_parts, shorten
from fttui.data.findings import AddFinding
from fttui.data.tokens import PER_MESSAGE, PER_NAME, Count

LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t", "function": "f"}
"""Roles of supervised and dpo examples, by the letter that stands for each in a sequence of roles."""
REINFORCEMENT_LETTERS = {"developer": "d", "user": "u", "assistant": "a", "tool": "t"}
_KNOWN_MEMBERS = frozenset(
    ("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal")
)
_ROLES = {letter: role for role, letter in {**LETTERS, **REINFORCEMENT_LETTERS}.items()}
_REFUSED_IN_NAMES = re.compile(r"[\s<|\\/>]")
_NO_CALLS: tuple[list[str], list[str], list[str]] = ([], [], [])


class MessageChecker:
    """Checks the messages of one example after another, and adds up their tokens, trained tokens and images.

    A sequence of roles is a string with a letter for each message: `sua` for system, user, assistant. `A` is an
    assistant message of weight 0, `?` an unknown role.
    """

    def __init__(self, add: AddFinding, letters: dict[str, str], count: Count | None) -> None:
        self._add = add
        self._letters = letters
        self._plain_roles = {role: letter for role, letter in letters.items() if letter in "sdua"}
        self.count = count
        """Counts the tokens of a text; None: the tokens of the next example are not counted."""
        self._role_tokens = {role: count(role) for role in letters} if count else {}
        self.tokens = 0
        self.trained_tokens = 0
        """Tokens of the answers that the model learns."""
        self.images = 0

    def check(self, messages: object, where: str, tools: set[str] | None = None) -> str | None:
        """Check an array of messages. Return the sequence of roles; None for no messages."""
        if type(messages) is not list:
            self._add("no_messages", where, "" if messages is None else shorten(messages))
            return None
        if not messages:
            self._add("empty_messages", where)
            return None
        sequence = self.plain_start(messages)
        self.count_plain(messages[: len(sequence)])
        return sequence if len(sequence) == len(messages) else self._check_rest(messages, sequence, where, tools)

    def plain_start(self, messages: list[Any]) -> str:
        """Return the roles of messages, up to the first that is more than a role and a text.

        Such messages have no errors, except in their order.
        """
        # Nearly all messages are like this. What is not raises an error here, as no test of types is as fast.
        letters, sequence = self._plain_roles, ""
        try:
            for message in messages:
                if len(message) != 2:
                    break
                text = message["content"]
                if type(text) is not str or not text or text.isspace():
                    break
                sequence += letters[message["role"]]
        except (KeyError, TypeError):
            pass
        return sequence

    def count_plain(self, messages: list[Any]) -> None:
        """Count the tokens of messages found by `plain_start`."""
        count = self.count
        if count is None:
            return
        tokens = trained = 0
        for message in messages:
            role = message["role"]
            found = count(message["content"])
            tokens += found + self._role_tokens[role] + PER_MESSAGE
            if role == "assistant":
                trained += found
        self.tokens += tokens
        self.trained_tokens += trained

    def _check_rest(self, messages: list[Any], sequence: str, where: str, tools: set[str] | None) -> str:
        """Check the messages after a plain start. Return the whole sequence of roles."""
        calls = _CallTracker(self._add, tools)
        for index in range(len(sequence), len(messages)):
            message = [messages[index]]
            if plain := self.plain_start(message):
                if calls.open:
                    calls.report_open()
                self.count_plain(message)
            sequence += plain or self._check_message(message[0], f"{where}[{index}]", calls)
        calls.end_example(last_role=sequence[-1:])
        return sequence

    def _check_message(self, message: object, where: str, calls: "_CallTracker") -> str:
        """Check one message. Return the letter of its role."""
        add = self._add
        if not isinstance(message, dict):
            add("not_message", where, shorten(message))
            return "?"
        role = message.get("role")
        letter = self._letters.get(role, "?") if isinstance(role, str) else "?"
        if role is None:
            add("no_role", where)
        elif letter == "?":
            add("unknown_role", f"{where}.role", f"{shorten(role)}; known roles: {', '.join(self._letters)}")
        if not _KNOWN_MEMBERS.issuperset(message):
            for name in sorted(message.keys() - _KNOWN_MEMBERS):
                add("unknown_member", f"{where}.{name}")
        weight = message.get("weight", 1)
        if "weight" in message:
            if letter not in "a?":
                add("misplaced_weight", f"{where}.weight")
            elif isinstance(weight, bool) or weight not in (0, 1):
                add("bad_weight", f"{where}.weight", shorten(weight))
        name = message.get("name")
        if name is not None and not isinstance(name, str):
            add("bad_name", f"{where}.name", shorten(name))
            name = None
        elif name is not None and letter in "tf":
            check_function_name(name, f"{where}.name", add)
        elif name is not None and _REFUSED_IN_NAMES.search(name):
            add("refused_name", f"{where}.name", shorten(name))
        has_calls = "tool_calls" in message or "function_call" in message
        ids, functions, texts = check_calls(message, where, add) if has_calls else _NO_CALLS
        has_calls = has_calls and bool(message.get("tool_calls") or message.get("function_call"))
        texts = texts + self._check_content(message, where, letter, has_calls)
        calls.track(letter, message.get("tool_call_id"), ids, functions, where)
        if self.count is not None:
            found = sum(map(self.count, texts))
            name_tokens = PER_NAME + self.count(name) if name is not None else 0
            self.tokens += PER_MESSAGE + found + name_tokens + (self.count(role) if isinstance(role, str) else 0)
            if letter == "a" and weight != 0:
                self.trained_tokens += found
        return letter if letter != "a" or weight != 0 else "A"

    def _check_content(self, message: dict[str, Any], where: str, letter: str, has_calls: bool) -> list[str]:
        """Check content and refusal of a message. Return their texts."""
        add, content, refusal = self._add, message.get("content"), message.get("refusal")
        texts = [refusal] if isinstance(refusal, str) else []
        if content is None:
            if not (letter in "a?" and (has_calls or texts)):
                add("no_content", where)
        elif isinstance(content, str):
            if not content.strip() and not has_calls and not texts:
                add("empty_answer" if letter == "a" else "empty_text", f"{where}.content")
            texts.append(content)
        elif isinstance(content, list):
            part_texts, images = check_parts(content, f"{where}.content", add, role=_ROLES.get(letter, ""))
            texts += part_texts
            self.images += images
        else:
            add("bad_content", f"{where}.content", shorten(content))
        return texts


class _CallTracker:
    """Matches the calls of an example with the tool messages that answer them."""

    def __init__(self, add: AddFinding, tools: set[str] | None) -> None:
        self._add = add
        self._tools = tools
        self.open: dict[str, str] = {}
        """Member of each call without an answer yet, by call id."""
        self._known_ids: set[str] = set()

    def track(self, letter: str, answered_id: object, ids: list[str], functions: list[str], where: str) -> None:
        if letter == "t":
            if not isinstance(answered_id, str) or answered_id not in self._known_ids:
                self._add("no_such_call", f"{where}.tool_call_id", shorten(answered_id))
            self.open.pop(str(answered_id), None)
        elif self.open:
            self.report_open()
        for name in functions:
            if name not in (self._tools or ()):
                self._add("no_such_tool", where, name)
        for id in ids:
            self._known_ids.add(id)
            self.open[id] = where

    def end_example(self, *, last_role: str) -> None:
        """Report open calls, except those of a last assistant message: the model learns to make them."""
        if last_role != "a":
            self.report_open()

    def report_open(self) -> None:
        for id, where in self.open.items():
            self._add("no_answer_to_call", where, id)
        self.open.clear()
