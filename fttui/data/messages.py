"""The messages of an example: roles, members, order; tokens and answers are counted on the way."""

from typing import Any

from fttui.data import content as contents
from fttui.data.content import Note, shown
from fttui.data.tokens import PER_MESSAGE, PER_NAME, Count

LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t", "function": "f"}
REINFORCEMENT_LETTERS = {"developer": "d", "user": "u", "assistant": "a", "tool": "t"}
_KNOWN = frozenset(("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"))
_NAMES = {letter: role for role, letter in {**LETTERS, **REINFORCEMENT_LETTERS}.items()}
_MOST_SHAPES = 10_000
_NO_CALLS: tuple[list[str], list[str], list[str]] = ([], [], [])


class Messages:
    """Looks at the messages of one example after another; what it counted stands in its attributes after each."""

    def __init__(self, note: Note, letters: dict[str, str], count: Count | None) -> None:
        self._note = note
        self._letters = letters
        self._plain = {role: letter for role, letter in letters.items() if letter in "sdua"}
        self._count = count
        self._role_tokens = {role: count(role) for role in letters} if count else {}
        self._orders: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}
        self.tokens = 0
        """Tokens of the messages that were looked at since they were last set to 0."""
        self.trained = 0
        """Tokens of answers that are learned from."""
        self.images = 0

    def look(self, messages: object, where: str, tools: set[str] | None = None) -> str | None:
        """Look at an array of messages; its roles as letters, or None when there are none to speak of."""
        if type(messages) is not list:
            self._note("no_messages", where, "" if messages is None else shown(messages))
            return None
        if not messages:
            self._note("empty_messages", where)
            return None
        shape = ""
        tokens = trained = 0
        plain, count, role_tokens = self._plain, self._count, self._role_tokens
        calls = None
        for index, message in enumerate(messages):
            # Nearly every message is a role and a text: those are seen through quickly.
            if type(message) is dict and len(message) == 2:
                role, text = message.get("role"), message.get("content")
                if type(text) is str and type(role) is str and role in plain and text and not text.isspace():
                    shape += plain[role]
                    if calls is not None and calls.waiting:
                        calls.missing()
                    if count is not None:
                        found = count(text)
                        tokens += found + role_tokens[role] + PER_MESSAGE
                        if role == "assistant":
                            trained += found
                    continue
            calls = calls or _Calls(self._note, tools)
            shape += self._slow(message, f"{where}[{index}]", calls)
        if calls is not None:
            calls.end(last_is_call=shape[-1:] == "a")
        self.tokens += tokens
        self.trained += trained
        return shape

    def _slow(self, message: object, where: str, calls: "_Calls") -> str:
        note = self._note
        if not isinstance(message, dict):
            note("not_message", where, shown(message))
            return "?"
        role = message.get("role")
        letter = self._letters.get(role, "?") if isinstance(role, str) else "?"
        if role is None:
            note("no_role", where)
        elif letter == "?":
            note("unknown_role", f"{where}.role", f"{shown(role)}, known here are {', '.join(self._letters)}")
        if not _KNOWN.issuperset(message):
            for name in message.keys() - _KNOWN:
                note("unknown_member", f"{where}.{name}")
        weight = message.get("weight", 1)
        if "weight" in message:
            if letter not in "a?":
                note("misplaced_weight", f"{where}.weight")
            elif isinstance(weight, bool) or weight not in (0, 1):
                note("bad_weight", f"{where}.weight", shown(weight))
        name = message.get("name")
        if name is not None and not isinstance(name, str):
            note("bad_name", f"{where}.name", shown(name))
            name = None
        acts = "tool_calls" in message or "function_call" in message
        ids, functions, texts = contents.calls(message, where, note) if acts else _NO_CALLS
        acts = acts and bool(message.get("tool_calls") or message.get("function_call"))
        texts = texts + self._said(message, where, letter, acts)
        calls.see(letter, message.get("tool_call_id"), ids, functions, where)
        if self._count is not None:
            found = sum(map(self._count, texts))
            named = PER_NAME + self._count(name) if name is not None else 0
            self.tokens += PER_MESSAGE + found + named + (self._count(role) if isinstance(role, str) else 0)
            if letter == "a" and weight != 0:
                self.trained += found
        return letter if letter != "a" or weight != 0 else "A"

    def _said(self, message: dict[str, Any], where: str, letter: str, acts: bool) -> list[str]:
        """The texts of a message's content."""
        note, content, refusal = self._note, message.get("content"), message.get("refusal")
        texts = [refusal] if isinstance(refusal, str) else []
        if content is None:
            if not (letter in "a?" and (acts or texts)):
                note("no_content", where)
        elif isinstance(content, str):
            if not content.strip() and not acts and not texts:
                note("empty_answer" if letter == "a" else "empty_text", f"{where}.content")
            texts.append(content)
        elif isinstance(content, list):
            role = _NAMES.get(letter, "")
            found, images = contents.parts(content, f"{where}.content", note, role=role)
            texts += found
            self.images += images
        else:
            note("bad_content", f"{where}.content", shown(content))
        return texts

    def order(self, shape: str, where: str, ending: str) -> None:
        """Note what is odd about the order of roles. `ending` is `a` when an answer comes last, `u` a question."""
        key = (shape, ending)
        odd = self._orders.get(key)
        if odd is None:
            odd = _odd(shape, ending)
            if len(self._orders) < _MOST_SHAPES and len(shape) < 200:
                self._orders[key] = odd
        for code, index in odd:
            self._note(code, where if index < 0 else f"{where}[{index}]")


def _odd(shape: str, ending: str) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    roles = shape.replace("A", "a")
    if "?" in roles:
        return ()  # what is wrong there was told; the rest would be guessing
    if ending == "a":
        if "a" not in roles:
            found.append(("no_assistant", -1))
        elif "a" not in shape:
            found.append(("nothing_trained", -1))
        elif roles[-1] != "a":
            found.append(("answer_not_last", len(roles) - 1))
    elif roles[-1] not in "utf":
        found.append(("user_not_last", len(roles) - 1))
    if "u" not in roles:
        found.append(("no_user", -1))
    late = [index for index, letter in enumerate(roles) if letter in "sd" and roles[:index].strip("sd")]
    found += [("system_late", index) for index in late[:1]]
    twice = [index for index in range(1, len(roles)) if roles[index] == roles[index - 1] and roles[index] in "ua"]
    return (*found, *[("same_role_twice", index) for index in twice[:1]])


class _Calls:
    """Which calls of an example wait for their tool's answer."""

    def __init__(self, note: Note, tools: set[str] | None) -> None:
        self._note = note
        self._tools = tools
        self.waiting: dict[str, str] = {}
        """Where the calls stand that no tool has answered yet, by their ids."""
        self._known: set[str] = set()

    def see(self, letter: str, answered: object, ids: list[str], functions: list[str], where: str) -> None:
        if letter == "t":
            if not isinstance(answered, str) or answered not in self._known:
                self._note("no_such_call", f"{where}.tool_call_id", shown(answered))
            self.waiting.pop(str(answered), None)
        elif self.waiting:
            self.missing()
        for name in functions:
            if name not in (self._tools or ()):
                self._note("no_such_tool", where, name)
        for id in ids:
            self._known.add(id)
            self.waiting[id] = where

    def end(self, *, last_is_call: bool) -> None:
        """The example is over; a call in its last message is what the model shall learn."""
        if not last_is_call:
            self.missing()

    def missing(self) -> None:
        """Note the calls that wait; none waits any more."""
        for id, where in self.waiting.items():
            self._note("no_answer_to_call", where, id)
        self.waiting.clear()
