"""Training files of each kind: valid ones, and one for each rule that breaks this rule alone."""

import base64
import copy
import gzip
import json
from collections.abc import Callable
from typing import Any, NamedTuple

Example = dict[str, Any]
Change = Callable[[Example], object]

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def png(colours: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes((0, 0, 0, 1, 0, 0, 0, 1, 8, colours, 0, 0, 0))


def jpeg(components: int) -> bytes:
    return b"\xff\xd8\xff\xe0\0\4JF\xff\xc0\0\x11\x08\0\1\0\1" + bytes([components]) + bytes(9)


PNG = data_url("png", png(2))
FINE = (PNG, data_url("png", png(6)), data_url("jpeg", jpeg(3)), data_url("webp", b"RIFF\0\0\0\0WEBPVP8 "))


def chat(index: int) -> Example:
    return {
        "messages": [
            {"role": "system", "content": "You are a terse helper."},
            {"role": "user", "content": f"How many seeds has melon number {index}?"},
            {"role": "assistant", "content": f"It has {index * 7} seeds."},
        ]
    }


def call(id: str = "call_1", **function: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": "weather", "arguments": '{"at": "sea"}', **function}}


def tools(index: int) -> Example:
    """Return an example with two questions, a tool call, an answer of weight 0 and a name."""
    return {
        "messages": [
            {"role": "system", "content": "Use the tools."},
            {"role": "user", "content": f"How warm is it at beach {index}?", "name": "sam"},
            {"role": "assistant", "content": None, "tool_calls": [call()]},
            {"role": "tool", "tool_call_id": "call_1", "content": "21"},
            {"role": "assistant", "content": "It is 21 degrees.", "weight": 0},
            {"role": "user", "content": "And in the hills?"},
            {"role": "assistant", "tool_calls": [call("call_2")]},
        ],
        "tools": [copy.deepcopy(TOOL)],
        "parallel_tool_calls": False,
    }


def images(index: int) -> Example:
    part = {
        "type": "image_url",
        "image_url": {"url": FINE[index // 2 % 4] if index % 2 else f"https://example.com/{index}.jpeg?s=1"},
    }
    example = chat(index)
    example["messages"][1]["content"] = [{"type": "text", "text": f"What is in picture {index}?"}, part]
    return example


def functions(index: int) -> Example:
    return {
        "messages": [
            {"role": "user", "content": f"How warm is it at beach {index}?"},
            {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "21"},
            {"role": "assistant", "content": "21 degrees."},
        ],
        "functions": [{"name": "weather"}],
    }


def completion(index: int) -> Example:
    return {"prompt": f"Melon {index} has", "completion": f" {index * 7} seeds."}


def dpo(index: int) -> Example:
    return {
        "input": {"messages": chat(index)["messages"][:2]},
        "preferred_completion": [{"role": "assistant", "content": f"{index * 7}."}],
        "non_preferred_completion": [{"role": "assistant", "content": "Who knows?"}],
    }


def guide(index: int) -> Example:
    """Return the example of `dpo` with the member names of OpenAI's guide."""
    named = dpo(index)
    return {
        "input": named["input"],
        "preferred_output": named["preferred_completion"],
        "non_preferred_output": named["non_preferred_completion"],
    }


def reinforcement(index: int) -> Example:
    return {
        "messages": [
            {"role": "developer", "content": "Answer with a number."},
            {"role": "user", "content": f"What is {index} times seven?"},
        ],
        "answer": str(index * 7),
        "difficulty": {"digits": len(str(index * 7))},
    }


KINDS: dict[str, tuple[Callable[[int], Example], str]] = {
    "chat": (chat, "supervised"),
    "tools": (tools, "supervised"),
    "images": (images, "supervised"),
    "completion": (completion, "supervised"),
    "dpo": (dpo, "dpo"),
    "guide": (guide, "dpo"),
    "reinforcement": (reinforcement, "reinforcement"),
}
"""Function that makes a valid example, and its method, by kind."""


def lines(kind: str, count: int = 12) -> list[bytes]:
    make, _ = KINDS[kind]
    return [json.dumps(make(index)).encode() + b"\n" for index in range(1, count + 1)]


class BrokenFile(NamedTuple):
    """A file that breaks one rule: a valid file with a change in line 5, or in the whole file."""

    code: str
    kind: str
    change: Change | None = None
    whole: Callable[[list[bytes]], bytes] | None = None
    line: int | None = 5
    member: str = ""
    is_ambiguous: bool = False
    """Several values may be meant, so that no repair exists, although the rule is fixable."""


def _put(*path: Any, value: Any = None) -> Change:
    """Set the value at a path; `...` deletes it."""

    def change(example: Example) -> None:
        place: Any = example
        for step in path[:-1]:
            place = place[step]
        if value is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


def _line(bytes: bytes) -> Callable[[list[bytes]], bytes]:
    return lambda lines: b"".join([*lines[:4], bytes, *lines[5:]])


def _text(encode: Callable[[bytes], bytes]) -> Callable[[list[bytes]], bytes]:
    return lambda lines: encode(b"".join(lines))


def _array(lines: list[bytes]) -> bytes:
    return json.dumps([json.loads(line) for line in lines]).encode()


def _pretty(lines: list[bytes]) -> bytes:
    return "\n".join(json.dumps(json.loads(line), indent=2) for line in lines).encode()


def _csv(lines: list[bytes]) -> bytes:
    rows = "".join(f'"{example["prompt"]}","{example["completion"]}"\r\n' for example in map(json.loads, lines))
    return f"prompt,completion\r\n{rows}".encode()


M = "messages"
_U, _A = (M, 1), (M, 2)
_IMAGE = ("messages", 1, "content", 1, "image_url")
_FUNCTION = ("messages", 2, "tool_calls", 0, "function")


def _append(message: dict[str, Any]) -> Change:
    return lambda example: example[M].append(message)


def _many(lines: list[bytes]) -> bytes:
    example = json.loads(lines[4])
    example[M][1]["content"] += [{"type": "image_url", "image_url": {"url": PNG}}] * 10
    return _line(json.dumps(example).encode() + b"\n")(lines)


BROKEN_FILES: tuple[BrokenFile, ...] = (
    # Bytes
    BrokenFile("empty_file", "chat", whole=lambda lines: b"", line=None),
    BrokenFile("utf16", "chat", whole=_text(lambda data: data.decode().encode("utf-16")), line=None),
    BrokenFile("utf16", "chat", whole=_text(lambda data: data.decode().encode("utf-16-be")), line=None),
    BrokenFile("utf16", "chat", whole=_text(lambda data: data.decode().encode("utf-32")), line=None),
    BrokenFile("json_array", "chat", whole=_array, line=None),
    BrokenFile("json_array", "chat", whole=lambda lines: b"[\n" + b",\n".join(lines) + b"]\n", line=None),
    BrokenFile("json_pretty", "chat", whole=_pretty, line=None),
    BrokenFile("bom", "chat", whole=_text(lambda data: b"\xef\xbb\xbf" + data), line=None),
    BrokenFile("crlf", "chat", whole=_text(lambda data: data.replace(b"\n", b"\r\n")), line=None),
    BrokenFile("empty_line", "chat", whole=_line(b"  \n")),
    BrokenFile("nul", "chat", whole=lambda lines: b"".join(lines[:5])[:-1] + b"\0\n" + b"".join(lines[5:])),
    BrokenFile("not_utf8", "chat", whole=_line('{"messages": "größer"}\n'.encode("latin-1"))),
    BrokenFile("not_json", "chat", whole=_line(b"{'messages': []}\n")),
    BrokenFile("not_json", "chat", whole=_line(b'{"messages": [\n')),
    BrokenFile("not_json", "chat", whole=_line(b'{"messages": []} {}\n')),
    BrokenFile("not_json", "chat", whole=_line(b'{"messages": NaN}\n')),
    BrokenFile("not_json", "chat", whole=_line(b'{"messages": ' + b"[" * 100_000 + b"\n")),
    BrokenFile("not_json", "chat", whole=_line(b'{"messages": ' + b"9" * 5000 + b"}\n")),
    BrokenFile("not_object", "chat", whole=_line(b"[1, 2]\n")),
    BrokenFile("not_object", "chat", whole=_line(b"null\n")),
    BrokenFile("not_text", "chat", _put(*_U, "content", value="half \ud83d a melon")),
    # Other formats
    BrokenFile("gzip", "chat", whole=_text(gzip.compress), line=None),
    BrokenFile("csv", "completion", whole=_csv, line=None),
    BrokenFile("parquet", "chat", whole=lambda lines: b"PAR1\x15\x04\0\n{}\nPAR1", line=None),
    BrokenFile(
        "alpaca",
        "chat",
        whole=_line(b'{"system": "Hm.", "instruction": "Say 5", "input": "loud", "output": "5!"}\n'),
    ),
    BrokenFile(
        "gemini",
        "chat",
        whole=_line(
            b'{"systemInstruction": {"parts": [{"text": "Hm."}]}, "contents": [{"role": "user", "parts": '
            b'[{"text": "Say 5"}]}, {"role": "model", "parts": [{"text": "5!"}]}]}\n'
        ),
    ),
    BrokenFile(
        "sharegpt",
        "chat",
        whole=_line(
            b'{"conversations": [{"from": "system", "value": "Hm."}, {"from": "human", "value": "Say 5"}, '
            b'{"from": "gpt", "value": "5!"}], "id": "x"}\n'
        ),
    ),
    BrokenFile(
        "chosen_rejected",
        "dpo",
        whole=_line(
            b'{"prompt": [{"role": "system", "content": "Hm."}, {"role": "user", "content": "Say 5"}], '
            b'"chosen": "5!", "rejected": "No.", "id": 1}\n'
        ),
    ),
    BrokenFile("evals", "chat", whole=_line(b'{"input": [{"role": "user", "content": "Say 5"}], "ideal": "5!"}\n')),
    # The set
    BrokenFile("too_few", "chat", whole=lambda lines: b"".join(lines[:9]), line=None),
    BrokenFile("wrong_kind", "chat", whole=_line(json.dumps(completion(5)).encode() + b"\n")),
    BrokenFile("wrong_kind", "chat", whole=_line(json.dumps(dpo(5)).encode() + b"\n")),
    BrokenFile("wrong_kind", "dpo", whole=_line(json.dumps(chat(5)).encode() + b"\n")),
    BrokenFile("wrong_kind", "completion", whole=_line(json.dumps(chat(5)).encode() + b"\n")),
    BrokenFile("wrong_kind", "reinforcement", whole=_line(json.dumps(dpo(5)).encode() + b"\n")),
    BrokenFile("duplicate", "chat", whole=lambda lines: b"".join([*lines[:4], lines[1], *lines[5:]])),
    BrokenFile("uneven_system", "chat", lambda example: example[M].pop(0)),
    BrokenFile("uneven_members", "reinforcement", _put("answer", value=...), line=None, member="answer"),
    # Members
    BrokenFile("no_messages", "chat", _put(M, value="hello"), member="messages"),
    BrokenFile(
        "no_messages", "chat", lambda example: (example.clear(), example.update(tools=[TOOL])), member="messages"
    ),
    BrokenFile("no_messages", "dpo", _put("input", M, value=...), member="input.messages"),
    BrokenFile("empty_messages", "chat", _put(M, value=[]), member="messages"),
    BrokenFile("unknown_member", "chat", _put("metadata", value={}), member="metadata"),
    BrokenFile("unknown_member", "chat", _put(*_U, "mood", value="good"), member="messages[1].mood"),
    BrokenFile("unknown_member", "dpo", _put("score", value=1), member="score"),
    BrokenFile("unknown_member", "dpo", _put("input", "functions", value=[]), member="input.functions"),
    BrokenFile("unknown_member", "completion", _put("id", value=1), member="id"),
    BrokenFile("not_message", "chat", _put(*_U, value="How?"), member="messages[1]"),
    BrokenFile("no_role", "chat", _put(*_U, "role", value=...), member="messages[1]"),
    BrokenFile("unknown_role", "chat", _put(*_U, "role", value="User"), member="messages[1].role"),
    BrokenFile("unknown_role", "chat", _put(*_U, "role", value=["user"]), member="messages[1].role", is_ambiguous=True),
    BrokenFile(
        "unknown_role", "chat", _put(M, 0, "role", value="developer"), member="messages[0].role", is_ambiguous=True
    ),
    BrokenFile(
        "unknown_role",
        "reinforcement",
        _put(M, 0, "role", value="system"),
        member="messages[0].role",
        is_ambiguous=True,
    ),
    BrokenFile("no_content", "chat", _put(*_U, "content", value=...), member="messages[1]"),
    BrokenFile("no_content", "chat", _put(*_A, "content", value=None), member="messages[2]"),
    BrokenFile("bad_content", "chat", _put(*_U, "content", value=5), member="messages[1].content"),
    BrokenFile("bad_content", "chat", _put(*_U, "content", value=[]), member="messages[1].content"),
    BrokenFile("bad_part", "chat", _put(*_U, "content", value=[{"text": "How?"}]), member="messages[1].content[0]"),
    BrokenFile("bad_part", "chat", _put(*_U, "content", value=["How?"]), member="messages[1].content[0]"),
    BrokenFile("bad_name", "chat", _put(*_U, "name", value=5), member="messages[1].name"),
    BrokenFile("refused_name", "chat", _put(*_U, "name", value="Sam Gold"), member="messages[1].name"),
    BrokenFile("bad_weight", "chat", _put(*_A, "weight", value=0.5), member="messages[2].weight", is_ambiguous=True),
    BrokenFile("bad_weight", "chat", _put(*_A, "weight", value=True), member="messages[2].weight"),
    BrokenFile("bad_weight", "chat", _put(*_A, "weight", value="1"), member="messages[2].weight"),
    BrokenFile("misplaced_weight", "chat", _put("weight", value=1), member="weight"),
    BrokenFile("misplaced_weight", "chat", _put(*_U, "weight", value=1), member="messages[1].weight"),
    BrokenFile("no_assistant", "chat", lambda example: example[M].pop(), member="messages"),
    BrokenFile("nothing_trained", "chat", _put(*_A, "weight", value=0), member="messages"),
    BrokenFile("empty_answer", "chat", _put(*_A, "content", value=" \n"), member="messages[2].content"),
    BrokenFile("empty_answer", "completion", _put("completion", value=""), member="completion"),
    BrokenFile("empty_text", "chat", _put(*_U, "content", value=""), member="messages[1].content"),
    BrokenFile("no_user", "chat", lambda example: example[M].pop(1), member="messages"),
    # Order
    BrokenFile("system_late", "chat", lambda example: example[M].insert(1, example[M].pop(0)), member="messages[1]"),
    BrokenFile("answer_not_last", "chat", _append({"role": "user", "content": "Sure?"}), member="messages[3]"),
    BrokenFile("user_not_last", "reinforcement", _append({"role": "assistant", "content": "7"}), member="messages[2]"),
    BrokenFile(
        "same_role_twice", "chat", lambda example: example[M].insert(1, dict(example[M][1])), member="messages[2]"
    ),
    # Tools
    BrokenFile("bad_tools", "chat", _put("tools", value={}), member="tools"),
    BrokenFile("bad_tools", "tools", _put("tools", value=[TOOL, {"name": "sea"}]), member="tools[1]"),
    BrokenFile(
        "bad_tools",
        "tools",
        _put("tools", 0, "function", "parameters", value="none"),
        member="tools[0].function.parameters",
    ),
    BrokenFile("many_functions", "chat", _put("tools", value=[]), member="tools"),
    BrokenFile("many_functions", "tools", _put("tools", value=[TOOL] * 129), member="tools"),
    BrokenFile(
        "bad_call", "tools", _put(M, 6, "tool_calls", 0, "id", value=...), member="messages[6].tool_calls[0].id"
    ),
    BrokenFile(
        "bad_call", "tools", _put(M, 6, "tool_calls", 0, "type", value="tool"), member="messages[6].tool_calls[0].type"
    ),
    BrokenFile("bad_call", "tools", _put(M, 6, "tool_calls", value=[5]), member="messages[6].tool_calls[0]"),
    BrokenFile("bad_call", "tools", _put(M, 6, "tool_calls", value={"id": "x"}), member="messages[6].tool_calls"),
    BrokenFile(
        "bad_call", "tools", _put(*_FUNCTION, "name", value=""), member="messages[2].tool_calls[0].function.name"
    ),
    BrokenFile(
        "bad_arguments",
        "tools",
        _put(*_FUNCTION, "arguments", value={}),
        member="messages[2].tool_calls[0].function.arguments",
    ),
    BrokenFile(
        "bad_arguments",
        "tools",
        _put(*_FUNCTION, "arguments", value="{'a'}"),
        member="messages[2].tool_calls[0].function.arguments",
        is_ambiguous=True,
    ),
    BrokenFile("no_such_tool", "tools", _put(*_FUNCTION, "name", value="wether"), member="messages[2]"),
    BrokenFile("no_answer_to_call", "tools", lambda example: example[M].__delitem__(slice(3, 5)), member="messages[2]"),
    BrokenFile(
        "bad_function_name",
        "tools",
        lambda example: example["tools"].append({"type": "function", "function": {"name": "server.get weather"}}),
        member="tools[1].function.name",
    ),
    BrokenFile("bad_function_name", "tools", _put(M, 3, "name", value="w" * 65), member="messages[3].name"),
    # Images
    BrokenFile("bad_image", "images", _put(*_IMAGE, value=PNG), member="messages[1].content[1].image_url"),
    BrokenFile(
        "bad_image", "images", _put(*_IMAGE, "url", value="melon.png"), member="messages[1].content[1].image_url.url"
    ),
    BrokenFile(
        "bad_image",
        "images",
        _put(*_IMAGE, "url", value="data:image/png,raw"),
        member="messages[1].content[1].image_url.url",
    ),
    BrokenFile(
        "image_format",
        "images",
        _put(*_IMAGE, "url", value="https://example.com/a.gif"),
        member="messages[1].content[1].image_url.url",
    ),
    BrokenFile(
        "image_format",
        "images",
        _put(*_IMAGE, "url", value="data:image/gif;base64,R0lG"),
        member="messages[1].content[1].image_url.url",
    ),
    *[
        BrokenFile(code, "images", _put(*_IMAGE, "url", value=url), member="messages[1].content[1].image_url.url")
        for code, url in (
            ("image_format", data_url("png", jpeg(3))),
            ("image_format", data_url("jpeg", b"GIF89a")),
            ("bad_image", "data:image/png;base64,%%%"),
            ("image_colours", data_url("png", png(3))),
            ("image_colours", data_url("png", png(0))),
            ("image_colours", data_url("jpeg", jpeg(4))),
            ("image_colours", data_url("jpeg", jpeg(1))),
        )
    ],
    BrokenFile("many_images", "images", whole=_many, member="messages"),
    BrokenFile(
        "image_in_answer",
        "images",
        _put(*_A, "content", value=[{"type": "image_url", "image_url": {"url": PNG}}]),
        member="messages[2].content[0]",
    ),
    # Completions, dpo
    BrokenFile("bad_prompt", "completion", _put("prompt", value=...), member="prompt"),
    BrokenFile("bad_prompt", "completion", _put("completion", value=7), member="completion"),
    BrokenFile("bad_input", "dpo", _put("input", value="How?"), member="input"),
    BrokenFile("bad_preference", "dpo", _put("preferred_completion", value=...), member="preferred_completion"),
    BrokenFile("bad_preference", "dpo", _put("non_preferred_completion", value=[]), member="non_preferred_completion"),
    BrokenFile(
        "preference_role",
        "dpo",
        _put("preferred_completion", 0, "role", value="user"),
        member="preferred_completion[0].role",
    ),
    BrokenFile("same_answers", "dpo", _put("preferred_completion", 0, "content", value="Who knows?")),
)

TESTED_APART = {
    "bad_grader", "no_graded_member", "not_local",
    "giant_line", "large_file", "image_size", "too_many", "many_image_examples", "too_long", "overlap",
    "two_kinds_of_calls",
    "no_such_call",
    "other_form",
}  # fmt: skip
"""Rules that one change in one line does not break. Each has its own test."""


def content(broken: BrokenFile) -> bytes:
    """Return the bytes of a broken file."""
    clean = lines(broken.kind)
    if broken.whole is not None:
        return broken.whole(clean)
    make, _ = KINDS[broken.kind]
    example = make(5)
    assert broken.change is not None
    broken.change(example)
    return b"".join([*clean[:4], json.dumps(example).encode() + b"\n", *clean[5:]])
