"""Whether a training file is what a method needs (api.md §14). Reads line by line, so size does not matter."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

from fttui.models.preference import by_api

FEWEST_EXAMPLES = 10

_ROLES = ("system", "user", "assistant", "tool", "function")
_MESSAGE_MEMBERS = frozenset(
    ["role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"]
)
_CHAT_MEMBERS = frozenset(["messages", "tools", "parallel_tool_calls", "functions"])
_DPO_MEMBERS = frozenset(["input", "preferred_completion", "non_preferred_completion"])


class BadData(Exception):
    """The file cannot be used; `code` and `param` are those of the job's error."""

    def __init__(self, code: str, message: str, param: str) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class _Fault(Exception):
    """What is wrong with one line, as the end of a sentence."""


def check(path: str, method: str, param: str, stopped: Callable[[], bool] = lambda: False) -> int:
    """How many examples the file at `path` holds; `param` is `training_file` or `validation_file`.

    Gives up early, with the number so far, when `stopped` says that nobody waits for the answer any more.

    Raises:
        BadData: a line is wrong, or there are too few.
        OSError: the file cannot be read.
    """
    kind = param.replace("_", " ")
    examine = _dpo if method == "dpo" else _chat
    count = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                continue
            try:
                examine(_object(line))
            except _Fault as fault:
                message = f"Invalid file format. Line {number} of the {kind}: {fault}."
                raise BadData("invalid_file_format", message, param) from None
            count += 1
            if stopped():
                return count
    fewest = FEWEST_EXAMPLES if param == "training_file" else 1
    if count < fewest:
        ending = f"must have at least {fewest} example{'s' if fewest > 1 else ''}"
        raise BadData("invalid_n_examples", f"{kind.capitalize()} has {count} example(s), but {ending}", param)
    return count


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _Fault(f"it is not UTF-8 text (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise _Fault(f"it is not JSON ({error.msg} at column {error.colno})") from None
    except (RecursionError, ValueError):
        raise _Fault("it is not JSON that can be read") from None
    if not isinstance(value, dict):
        raise _Fault("it is not a JSON object")
    return value


def _chat(example: dict[str, Any]) -> None:
    if "messages" not in example and {"prompt", "completion"} <= example.keys():
        raise _Fault("prompt and completion are for completion models; this one needs messages")
    _no_others(example, _CHAT_MEMBERS, "the example")
    _messages(example.get("messages"), "messages")
    if not any(message["role"] == "assistant" for message in example["messages"]):
        raise _Fault("no message is from the assistant, so there is nothing to learn")


def _dpo(example: dict[str, Any]) -> None:
    example = by_api(example)
    for name in ("input", "preferred_completion", "non_preferred_completion"):
        if name not in example:
            raise _Fault(f"{name} is missing, and dpo needs it")
    _no_others(example, _DPO_MEMBERS, "the example")
    given = example["input"]
    if not isinstance(given, dict):
        raise _Fault("input is not an object")
    _no_others(given, _CHAT_MEMBERS, "input")
    _messages(given.get("messages"), "input.messages")
    for name in ("preferred_completion", "non_preferred_completion"):
        answer = example[name]
        if not isinstance(answer, list) or len(answer) != 1:
            raise _Fault(f"{name} is not an array of exactly one message")
        _messages(answer, name)
        if answer[0]["role"] != "assistant":
            raise _Fault(f"the message in {name} is not from the assistant")


def _messages(messages: object, where: str) -> None:
    if not isinstance(messages, list):
        raise _Fault(f"{where} is missing" if messages is None else f"{where} is not an array")
    if not messages:
        raise _Fault(f"{where} is empty")
    calls: set[str] = set()
    for number, message in enumerate(messages, start=1):
        name = f"message {number} of {where}" if where != "messages" else f"message {number}"
        if not isinstance(message, dict):
            raise _Fault(f"{name} is not an object")
        _message(message, name)
        calls |= {str(call.get("id")) for call in message.get("tool_calls") or ()}
        if message["role"] == "tool" and message.get("tool_call_id") not in calls:
            raise _Fault(f"{name} answers no tool call before it (tool_call_id)")


def _message(message: dict[str, Any], name: str) -> None:
    role = message.get("role")
    if role is None:
        raise _Fault(f"{name} has no role")
    if role not in _ROLES:
        raise _Fault(f"{name} has the role {_shown(role)}, not one of {', '.join(_ROLES)}")
    _no_others(message, _MESSAGE_MEMBERS, name)
    if "weight" in message:
        if role != "assistant":
            raise _Fault(f"{name} has a weight, which only assistant messages may have")
        if message["weight"] not in (0, 1) or isinstance(message["weight"], bool):
            raise _Fault(f"{name} has the weight {_shown(message['weight'])}, not 0 or 1")
    content = message.get("content")
    says = content is not None or (role == "assistant" and message.get("refusal") is not None)
    acts = role == "assistant" and (message.get("tool_calls") or message.get("function_call"))
    if not says and not acts:
        raise _Fault(f"{name} has no content")
    if content is not None and not isinstance(content, str):
        _parts(content, name)
    _calls(message, name)


def _parts(content: object, name: str) -> None:
    if not isinstance(content, list):
        raise _Fault(f"the content of {name} is neither text nor an array of parts")
    for part in content:
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise _Fault(f"{name} has a part of content without a type")
        if part["type"] == "text" and not isinstance(part.get("text"), str):
            raise _Fault(f"{name} has a text part without text")


def _calls(message: dict[str, Any], name: str) -> None:
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise _Fault(f"the tool_calls of {name} are not an array")
    functions = []
    for call in calls or ():
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
            raise _Fault(f"{name} has a tool call without a function")
        functions.append(call["function"])
    single = message.get("function_call")
    if single is not None:
        if not isinstance(single, dict):
            raise _Fault(f"the function_call of {name} is not an object")
        functions.append(single)
    for function in functions:
        try:
            json.loads(function["arguments"])
        except (KeyError, TypeError, ValueError, RecursionError):
            raise _Fault(f"{name} has a call whose arguments are not JSON text") from None


def _no_others(value: dict[str, Any], known: frozenset[str], where: str) -> None:
    for name in value:
        if name not in known:
            _refuse_member(name, where)


def _refuse_member(name: str, where: str) -> NoReturn:
    if name == "weight":
        raise _Fault(f"{where} has a weight; it belongs to assistant messages")
    raise _Fault(f"{where} has a member {_shown(name)} that is not known")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else text[:57] + "..."
