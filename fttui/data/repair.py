"""Writes a mended copy of training data: what can be mended mechanically, and no more."""

import codecs
import json
import os
from collections import Counter as Tallies
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from fttui.data.duplicates import LineIndex
from fttui.data.lines import BOM, Progress, ShouldStop, Source, never, wide_encoding
from fttui.data.messages import LETTERS, REINFORCEMENT_LETTERS
from fttui.models.preference import NAMES

_ROLES = LETTERS.keys() | REINFORCEMENT_LETTERS.keys()
_BLOCK = 1 << 16


class RepairResult(NamedTuple):
    """What was done."""

    lines: int
    """Lines written."""
    changes: tuple[tuple[str, int], ...]
    """What was changed, in words, and how often."""
    stopped: bool = False


class CannotRepair(Exception):
    """The file is of a kind that nothing mechanical can be done with; says why."""


def repair_file(
    path: str, target: BinaryIO, *, progress: Progress | None = None, should_stop: ShouldStop = never
) -> RepairResult:
    """Write a mended copy of the file at `path` to `target`.

    Lines that cannot be read are copied as they are, so that the check still names them.

    Raises:
        OSError: a file cannot be read or written.
        CannotRepair: it is neither lines of JSON nor JSON at all.
    """
    changes: Tallies[str] = Tallies()
    source = Source(path, progress, should_stop)
    head = source.head()
    wide = wide_encoding(head)
    if head.startswith(BOM):
        changes["byte order mark taken away"] += 1
    if wide is not None:
        changes[f"{wide.upper()} written as UTF-8"] += 1
        lines: Iterator[bytes] = _recoded(path, wide)
        first = next(lines, b"")
        is_run_on = _runs_on(first)
        lines = _recoded(path, wide)
    else:
        is_run_on = _runs_on(head.removeprefix(BOM).lstrip().split(b"\n", 1)[0])
        lines = (line for _, line in source.each())
    if is_run_on:
        changes["JSON over several lines, or in one array, written as lines"] += 1
        lines = _objects(path, wide or "utf-8-sig")
    seen, written = LineIndex(), 0
    for line in lines:
        mended = _line(line, changes)
        if not mended:
            changes["empty line taken out"] += 1
        elif seen.add(mended, written + 1):
            changes["repeated example taken out"] += 1
        else:
            written += 1
            target.write(mended + b"\n")
    if source.giants:
        changes["line that was too long left out"] += len(source.giants)
    return RepairResult(written, tuple(changes.items()), source.stopped)


def _runs_on(first: bytes) -> bool:
    """Whether a file that begins with this line is one array, or objects over several lines."""
    text = first.strip().removeprefix(codecs.BOM_UTF8)
    if not text.startswith((b"[", b"{")):
        return False
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return text.startswith(b"[") or text[-1:] in b"{[,"


def _recoded(path: str, encoding: str) -> Iterator[bytes]:
    with open(path, encoding=encoding, errors="replace", newline="") as file:
        for line in file:
            yield line.removeprefix("\ufeff").encode("utf-8", "replace")


def _objects(path: str, encoding: str) -> Iterator[bytes]:
    """The objects of a file that is one array, or objects one after another with any space between."""
    decoder = json.JSONDecoder()
    with open(path, encoding=encoding, errors="strict") as file:
        text, is_over = "", False
        while not is_over:
            try:
                block = file.read(_BLOCK)
            except UnicodeDecodeError:
                raise CannotRepair(f"{path} is one run of JSON that is not UTF-8: save it as UTF-8 first") from None
            is_over = not block
            text += block
            while text := text.lstrip(" \t\r\n,[]\ufeff"):
                try:
                    value, end = decoder.raw_decode(text)
                except (ValueError, RecursionError):
                    if is_over:
                        raise CannotRepair(f"{path}: what stands near {text[:30]!r} is not JSON") from None
                    break
                yield json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
                text = text[end:]


def _line(line: bytes, changes: Tallies[str]) -> bytes:
    """A line mended, without its end; empty when nothing is left of it."""
    if line.endswith(b"\r\n"):
        changes["line end of Windows replaced"] += 1
    line = line.strip()
    if b"\0" in line:
        changes["NUL bytes taken out"] += 1
        line = line.replace(b"\0", b"").strip()
    try:
        example = json.loads(line)
    except (ValueError, RecursionError):
        return line
    before = sum(changes.values())
    if isinstance(example, dict):
        _example(example, changes)
    return line if sum(changes.values()) == before else json.dumps(example, ensure_ascii=False).encode()


def _example(example: dict[str, Any], changes: Tallies[str]) -> None:
    if example.pop("weight", None) is not None:
        changes["weight beside messages taken out"] += 1
    given = example.get("input")
    for holder in (example, given if isinstance(given, dict) else {}):
        for name in ("messages", *NAMES, *NAMES.values()):
            messages = holder.get(name)
            for message in messages if isinstance(messages, list) else ():
                if isinstance(message, dict):
                    _message(message, changes)


def _message(message: dict[str, Any], changes: Tallies[str]) -> None:
    role = message.get("role")
    if isinstance(role, str) and role not in _ROLES and role.strip().lower() in _ROLES:
        message["role"] = role = role.strip().lower()
        changes["role written in small letters"] += 1
    if "weight" in message:
        weight = message["weight"]
        if isinstance(role, str) and role in _ROLES and role != "assistant":
            del message["weight"]
            changes["weight of a message that is no answer taken out"] += 1
        elif (isinstance(weight, bool) or not isinstance(weight, int)) and weight in (0, 1, "0", "1"):
            message["weight"] = int(weight)
            changes["weight written as 0 or 1"] += 1
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    for function in (*functions, message.get("function_call")):
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict | list):
            function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
            changes["arguments written as JSON text"] += 1


def is_same_file(one: str, other: str) -> bool:
    """Whether both paths lead to the same file, so that the copy would be in place."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)
