"""Check the examples of a file, by kind: chat, completions, dpo, reinforcement."""

from typing import Any

from fttui.data import rules
from fttui.data.content import as_json, check_tools, shorten
from fttui.data.findings import Findings
from fttui.data.formats import FOREIGN, foreign_format
from fttui.data.messages import LETTERS, REINFORCEMENT_LETTERS, MessageChecker
from fttui.data.role_order import RoleOrder
from fttui.data.tokens import PER_EXAMPLE, Count
from fttui.models.preference import NAMES, by_api

CHAT, COMPLETIONS, DPO, REINFORCEMENT = "chat", "completions", "dpo", "reinforcement"
_CHAT_MEMBERS = frozenset(("messages", "tools", "parallel_tool_calls", "functions"))
_INPUT_MEMBERS = frozenset(("messages", "tools", "parallel_tool_calls"))
_DPO_MEMBERS = frozenset(("input", "preferred_completion", "non_preferred_completion"))
_COMPLETION_MEMBERS = frozenset(("prompt", "completion"))
_ANSWERS = ("preferred_completion", "non_preferred_completion")
_COUNTED_MEMBERS = 64
"""Different members of reinforcement examples to count."""


def kind_of(example: dict[str, Any]) -> str:
    """Return the kind that the members of an example suggest, or their foreign format; empty for unknown members."""
    if "messages" in example:
        return REINFORCEMENT if _asks_only(example) else CHAT
    if foreign := foreign_format(example):
        return foreign
    if "input" in example or "preferred_completion" in example or "preferred_output" in example:
        return DPO
    if "prompt" in example or "completion" in example:
        return COMPLETIONS
    return ""


def _asks_only(example: dict[str, Any]) -> bool:
    """Return True for an example that ends with a question, and has members for graders or a developer message."""
    messages = example["messages"]
    if type(messages) is not list or not messages:
        return False
    first, last = messages[0], messages[-1]
    if type(last) is not dict or last.get("role") != "user":
        return False
    has_developer = type(first) is dict and first.get("role") == "developer"
    return has_developer or not example.keys() <= _CHAT_MEMBERS | {"weight"}


class ExampleChecker:
    """Checks one example after another, all of one kind."""

    def __init__(
        self, kind: str, findings: Findings, count: Count | None, item_members: frozenset[str] = frozenset()
    ) -> None:
        """
        Args:
            count: counts the tokens of a text; None: count no tokens.
            item_members: members that the grader of a reinforcement job uses.
        """
        self.kind = kind
        self.line = 0
        self.image_examples = 0
        self.images = 0
        """Images of all examples so far."""
        self.has_tools = False
        """Some example has tools. No formula is documented for their tokens."""
        self._findings = findings
        self._item_members = item_members
        self._count = count
        letters = REINFORCEMENT_LETTERS if kind == REINFORCEMENT else LETTERS
        self._messages = MessageChecker(self._add, letters, count)
        self._check_kind = {CHAT: self._check_chat, COMPLETIONS: self._check_completion, DPO: self._check_dpo}.get(
            kind, self._check_reinforcement
        )
        self._order = RoleOrder("a" if kind == CHAT else "u", findings)
        self._member_counts: dict[str, int] = {}
        self._reinforcement_examples = 0
        self._tool_names: set[str] | None = None
        self._cached_tools: tuple[Any, Any] = (None, None)
        """Tools and functions of the last example with valid ones."""
        self._cached_result: tuple[set[str] | None, int] = (None, 0)
        """Function names and tokens of the cached tools."""

    def _add(self, code: str, member: str = "", detail: str = "") -> None:
        self._findings.add(code, self.line, member, detail)

    def check(self, example: dict[str, Any], line: int, *, counts: bool = True) -> None:
        """Check an example and record its findings.

        Args:
            counts: count its tokens.
        """
        self.line = line
        messages = self._messages
        if counts or messages.count is not None:
            messages.tokens = messages.trained_tokens = 0
            messages.count = self._count if counts else None
        self._check_kind(example)
        if images := messages.images:
            messages.images = 0
            self.images += images
            self.image_examples += 1
            if images > rules.MOST_IMAGES:
                self._add("many_images", "messages", f"{images}")

    def tokens(self) -> tuple[int, int]:
        """Return the tokens of the last example, and the tokens that the model learns of it."""
        return self._messages.tokens + PER_EXAMPLE, self._messages.trained_tokens

    def _check_chat(self, example: dict[str, Any]) -> None:
        messages = example.get("messages")
        if len(example) == 1 and type(messages) is list and messages:
            # Nearly all examples are messages of a role and a text.
            sequence = self._messages.plain_start(messages)
            if len(sequence) == len(messages):
                if self._messages.count is not None:
                    self._messages.count_plain(messages)
                self._order.check(sequence, "messages", self.line)
                return
        if self._is_other_kind(example):
            return
        if len(example) > 1:
            self._check_members(example, _CHAT_MEMBERS, "")
        self._check_conversation(example, "")

    def _check_conversation(self, example: dict[str, Any], where: str) -> None:
        self._tool_names = tools = self._check_tools(example, where) if len(example) > 1 else None
        sequence = self._messages.check(example.get("messages"), f"{where}messages", tools)
        if sequence:
            self._order.check(sequence, f"{where}messages", self.line)

    def _check_tools(self, example: dict[str, Any], where: str) -> set[str] | None:
        """Check the tools of an example. Return their function names; None for an example without tools."""
        tools = (example.get("tools"), example.get("functions"))
        # Most files repeat the same tools in every line, and a comparison costs less than a check.
        if tools != self._cached_tools:
            before = self._findings.total
            names, tokens = check_tools(example, where, self._add), 0
            if names is not None and self._count is not None:
                # The provider does not document how it formats tools for the model. JSON is about as long.
                tokens = self._count(as_json(tools[0] or tools[1]))
            if self._findings.total == before:
                self._cached_tools, self._cached_result = tools, (names, tokens)
        else:
            names, tokens = self._cached_result
        if names is not None:
            self.has_tools = True
            self._messages.tokens += tokens
        return names

    def _is_other_kind(self, example: dict[str, Any]) -> bool:
        """Report an example of a different kind. Its other errors would only follow from that."""
        actual = kind_of(example)
        # A reinforcement example may look like a chat example.
        if not actual or actual == self.kind or (actual == CHAT and self.kind == REINFORCEMENT):
            return False
        if actual in FOREIGN:
            self._add(actual, "", ", ".join(example))
            return True
        self._add("wrong_kind", "", f"found {actual}, expected {self.kind}")
        return True

    def _check_members(self, example: dict[str, Any], known: frozenset[str], where: str) -> None:
        if known.issuperset(example):
            return
        for name in sorted(example.keys() - known):
            self._add("misplaced_weight" if name == "weight" else "unknown_member", f"{where}{name}")

    def _check_completion(self, example: dict[str, Any]) -> None:
        if self._is_other_kind(example):
            return
        self._check_members(example, _COMPLETION_MEMBERS, "")
        for name in ("prompt", "completion"):
            text = example.get(name)
            if not isinstance(text, str):
                self._add("bad_prompt", name, "" if text is None else shorten(text))
                continue
            tokens = self._messages.count(text) if self._messages.count is not None else 0
            self._messages.tokens += tokens
            if name == "completion":
                self._messages.trained_tokens += tokens
                if not text.strip():
                    self._add("empty_answer", name)

    def _check_dpo(self, example: dict[str, Any]) -> None:
        if self._is_other_kind(example):
            return
        # Findings use the names of the file.
        guide_names = {} if NAMES.keys().isdisjoint(example) else {api: guide for guide, api in NAMES.items()}
        example = by_api(example)
        self._check_members(example, _DPO_MEMBERS, "")
        given = example.get("input")
        if isinstance(given, dict):
            self._check_members(given, _INPUT_MEMBERS, "input.")
            if len(given) > 1:
                given = {name: given[name] for name in _INPUT_MEMBERS & given.keys()}
            self._check_conversation(given, "input.")
        else:
            self._add("bad_input", "input", "" if given is None else shorten(given))
        for name in _ANSWERS:
            answer = example.get(name)
            name = guide_names.get(name, name)
            if not isinstance(answer, list) or len(answer) != 1:
                self._add("bad_preference", name, "" if answer is None else shorten(answer))
                continue
            sequence = self._messages.check(answer, name, self._tool_names)
            if sequence and sequence not in "aA?":
                self._add("preference_role", f"{name}[0].role", shorten(answer[0].get("role")))
        answer = example.get("preferred_completion")
        if answer is not None and answer == example.get("non_preferred_completion"):
            self._add("same_answers")

    def _check_reinforcement(self, example: dict[str, Any]) -> None:
        if self._is_other_kind(example):
            return
        self._check_conversation(example, "")
        self._reinforcement_examples += 1
        if not example.keys() >= self._item_members:
            for name in sorted(self._item_members - example.keys()):
                self._add("no_graded_member", name)
        for name in example.keys() - _CHAT_MEMBERS:
            if name in self._member_counts or len(self._member_counts) < _COUNTED_MEMBERS:
                self._member_counts[name] = self._member_counts.get(name, 0) + 1

    def end_file(self) -> None:
        """Record the findings about the file as a whole, after its last example."""
        findings = self._findings
        self._order.end_file()
        if self.image_examples > rules.MOST_IMAGE_EXAMPLES:
            findings.add("many_image_examples", None, "", f"{self.image_examples:,}")
        for name, count in sorted(self._member_counts.items()):
            if count < self._reinforcement_examples and name not in self._item_members:
                detail = f"in {count:,} of {self._reinforcement_examples:,} examples"
                findings.add("uneven_members", None, name, detail)
