"""What an example must be, for each method."""

import json
from typing import Any

from fttui.data import content, rules
from fttui.data.content import shown
from fttui.data.messages import LETTERS, REINFORCEMENT_LETTERS, Messages
from fttui.data.report import SHOWN, FindingLog
from fttui.data.tokens import PER_EXAMPLE, Count
from fttui.models.preference import by_api

CHAT, COMPLETIONS, DPO, REINFORCEMENT = "chat", "completions", "dpo", "reinforcement"
_CHAT_MEMBERS = frozenset(("messages", "tools", "parallel_tool_calls", "functions"))
_INPUT_MEMBERS = frozenset(("messages", "tools", "parallel_tool_calls"))
_DPO_MEMBERS = frozenset(("input", "preferred_completion", "non_preferred_completion"))
_PREFERENCES = ("preferred_completion", "non_preferred_completion")
_MOST_MEMBERS = 64


def kind_of(example: dict[str, Any]) -> str:
    """What an example looks like; empty when it looks like nothing known."""
    if "messages" in example:
        return CHAT
    if "input" in example or "preferred_completion" in example or "preferred_output" in example:
        return DPO
    if "prompt" in example or "completion" in example:
        return COMPLETIONS
    return ""


class ExampleChecker:
    """Looks at one example after another of a kind. `tokens`, `trained` and `images` are those of the last one."""

    def __init__(self, kind: str, tally: FindingLog, count: Count | None, graded: frozenset[str] = frozenset()) -> None:
        self.kind = kind
        self.line = 0
        self.tokens = 0
        self.trained = 0
        self.image_examples = 0
        self.images = 0
        """Images of all examples so far."""
        self.rough = False
        """Something was met whose tokens no formula is documented for."""
        self._tally = tally
        self._graded = graded
        """Members that the grader asks for."""
        self._count = count
        letters = REINFORCEMENT_LETTERS if kind == REINFORCEMENT else LETTERS
        self._messages = Messages(self._note, letters, count)
        self._look = {CHAT: self._chat, COMPLETIONS: self._completions, DPO: self._dpo}.get(kind, self._reinforcement)
        # Lines with a system message and without one: the first few, and how many.
        self._system: dict[bool, list[int]] = {True: [], False: []}
        self._system_counts = {True: 0, False: 0}
        self._members: dict[str, int] = {}
        self._with_members = 0
        self._tools: set[str] | None = None
        self._given: tuple[Any, Any] = (None, None)
        """Tools and functions of the last line whose were in order; what is known of them."""
        self._known: tuple[set[str] | None, int] = (None, 0)

    def _note(self, code: str, member: str = "", detail: str = "") -> None:
        self._tally.add(code, self.line, member, detail)

    def look(self, example: dict[str, Any], line: int) -> None:
        """Look at an example.

        Its findings go into the tally.
        """
        self.line = line
        messages = self._messages
        messages.tokens = messages.trained = messages.images = 0
        self._look(example)
        self.tokens, self.trained = messages.tokens + PER_EXAMPLE, messages.trained
        if messages.images:
            self.images += messages.images
            self.image_examples += 1
            if messages.images > rules.MOST_IMAGES:
                self._note("many_images", "messages", f"{messages.images}")

    def _add(self, *texts: str) -> int:
        found = sum(map(self._count, texts)) if self._count is not None else 0
        self._messages.tokens += found
        return found

    def _chat(self, example: dict[str, Any]) -> None:
        if self._is_wrong(example, CHAT):
            return
        if len(example) > 1:
            self._others(example, _CHAT_MEMBERS, "")
        self._conversation(example, "", "a")

    def _conversation(self, example: dict[str, Any], where: str, ending: str) -> None:
        self._tools = tools = self._offered(example, where) if len(example) > 1 else None
        shape = self._messages.look(example.get("messages"), f"{where}messages", tools)
        if shape:
            self._messages.order(shape, f"{where}messages", ending)
        if shape and "?" not in shape:
            has = "s" in shape or "d" in shape
            self._system_counts[has] += 1
            if len(self._system[has]) < SHOWN:
                self._system[has].append(self.line)

    def _offered(self, example: dict[str, Any], where: str) -> set[str] | None:
        """The names of the functions that an example offers; None where it has no tools at all."""
        given = (example.get("tools"), example.get("functions"))
        # Most often every line has the tools of the line before, and comparing costs less than looking again.
        if given != self._given:
            before = self._tally.total
            names = content.tools(example, where, self._note)
            if self._tally.total != before:
                return names
            tokens = 0
            if names is not None and self._count is not None:
                # How definitions are laid out for the model is not documented; their JSON is about as long.
                tokens = self._count(json.dumps(given[0] or given[1]))
            self._given, self._known = given, (names, tokens)
        names, tokens = self._known
        if names is not None:
            self.rough = True
            self._messages.tokens += tokens
        return names

    def _is_wrong(self, example: dict[str, Any], kind: str) -> bool:
        """Whether the example is plainly made for another method, which is then all that is said of it."""
        looks = kind_of(example)
        if not looks or looks == kind:
            return False
        self._note("wrong_kind", "", f"it looks like {looks}, checked as {self.kind}")
        return True

    def _others(self, example: dict[str, Any], known: frozenset[str], where: str) -> None:
        if known.issuperset(example):
            return
        for name in example.keys() - known:
            code = "misplaced_weight" if name == "weight" else "unknown_member"
            self._note(code, f"{where}{name}")

    def _completions(self, example: dict[str, Any]) -> None:
        if self._is_wrong(example, COMPLETIONS):
            return
        self._others(example, frozenset(("prompt", "completion")), "")
        for name in ("prompt", "completion"):
            text = example.get(name)
            if not isinstance(text, str):
                self._note("bad_prompt", name, "" if text is None else shown(text))
                continue
            found = self._add(text)
            if name == "completion":
                self._messages.trained += found
                if not text.strip():
                    self._note("empty_answer", name)

    def _dpo(self, example: dict[str, Any]) -> None:
        if self._is_wrong(example, DPO):
            return
        example = by_api(example)
        self._others(example, _DPO_MEMBERS, "")
        given = example.get("input")
        if isinstance(given, dict):
            self._others(given, _INPUT_MEMBERS, "input.")
            if len(given) > 1:
                given = {name: given[name] for name in _INPUT_MEMBERS & given.keys()}
            self._conversation(given, "input.", "u")
        else:
            self._note("bad_input", "input", "" if given is None else shown(given))
        for name in _PREFERENCES:
            answer = example.get(name)
            if not isinstance(answer, list) or len(answer) != 1:
                self._note("bad_preference", name, "" if answer is None else shown(answer))
                continue
            shape = self._messages.look(answer, name, self._tools)
            if shape and shape not in "aA?":
                self._note("preference_role", f"{name}[0].role", shown(answer[0].get("role")))
        answer = example.get("preferred_completion")
        if answer is not None and answer == example.get("non_preferred_completion"):
            self._note("same_answers")

    def _reinforcement(self, example: dict[str, Any]) -> None:
        if self._is_wrong(example, CHAT):
            return
        self._conversation(example, "", "u")
        self._with_members += 1
        if not example.keys() >= self._graded:
            for name in sorted(self._graded - example.keys()):
                self._note("no_graded_member", name)
        for name in example.keys() - _CHAT_MEMBERS:
            if name in self._members or len(self._members) < _MOST_MEMBERS:
                self._members[name] = self._members.get(name, 0) + 1

    def end(self) -> None:
        """All examples were seen: note what only shows in all of them."""
        tally, counts = self._tally, self._system_counts
        if counts[True] and counts[False]:
            has = counts[True] < counts[False]
            told = "has one" if has else "has none"
            tally.many("uneven_system", self._system[has], counts[has], told)
        if self.image_examples > rules.MOST_IMAGE_EXAMPLES:
            tally.add("many_image_examples", None, "", f"{self.image_examples:,}")
        for name, count in self._members.items():
            if count < self._with_members and name not in self._graded:
                tally.add("uneven_members", None, name, f"in {count:,} of {self._with_members:,} examples")
