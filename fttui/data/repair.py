"""Write a repaired copy of training data. Only errors with one possible repair are fixed."""

import codecs
import gzip
import json
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from fttui.data.duplicates import LineIndex
from fttui.data.formats import PARQUET_START, converted, csv_columns, csv_examples, foreign_format
from fttui.data.line_reader import BOM, LineReader, Progress, ShouldStop, never, wide_encoding
from fttui.data.messages import LETTERS, REINFORCEMENT_LETTERS
from fttui.data.rules import BY_CODE
from fttui.models.preference import NAMES
from fttui.text import clean_line

_ROLES = LETTERS.keys() | REINFORCEMENT_LETTERS.keys()
_BLOCK = 1 << 16
MOST_DECOMPRESSED = 16_000_000_000
"""Bytes of the largest compressed file that is repaired, after decompression."""


class RepairResult(NamedTuple):
    """Result of a repair."""

    lines: int
    """Lines written."""
    changes: tuple[tuple[str, int], ...]
    """Description of each kind of change, and its number."""
    stopped: bool = False


class CannotRepair(Exception):
    """The file cannot be repaired. The message names the reason."""


def repair_file(
    path: str,
    target: IO[bytes],
    *,
    examples: bool = True,
    progress: Progress | None = None,
    should_stop: ShouldStop = never,
) -> RepairResult:
    """Write a repaired copy of the file at `path` to `target`.

    Lines that are not JSON are copied unchanged, so that a check of the copy still reports them.

    Args:
        examples: repair the examples too. False only makes them lines of JSON, so that they can be checked.

    Raises:
        OSError: a file cannot be read or written.
        CannotRepair: the file is neither lines of JSON nor one JSON value.
    """
    changes: Counter[str] = Counter()
    reader = LineReader(path, progress, should_stop)
    if reader.is_compressed:
        return _repair_compressed(path, target, examples, progress, should_stop)
    head = reader.head()
    wide = wide_encoding(head)
    if head.startswith(PARQUET_START):
        raise CannotRepair(f"{path} is Parquet; {BY_CODE['parquet'].remedy}")
    columns = csv_columns(path, head) if wide is None else []
    if columns and {column.strip().lower() for column in columns} != {"prompt", "completion"}:
        names = ", ".join(map(clean_line, columns))
        raise CannotRepair(f"{path} is CSV with the columns {names}; only prompt and completion are converted")
    if head.startswith(BOM):
        changes["byte order mark removed"] += 1
    if wide is not None:
        changes[f"{wide.upper()} written as UTF-8"] += 1
        lines: Iterator[bytes] = _lines_as_utf8(path, wide)
        first = next(lines, b"")
        spans_lines = _spans_lines(first)
        lines = _lines_as_utf8(path, wide)
    else:
        spans_lines = _spans_lines(head.removeprefix(BOM).lstrip().split(b"\n", 1)[0])
        lines = (line for _, line in reader.lines())
    if spans_lines:
        changes["array or object over several lines written as one line per example"] += 1
        lines = _objects(path, wide or "utf-8-sig")
    if columns:
        changes["CSV written as JSON lines"] += 1
        lines = _csv_lines(path)
    seen, written = LineIndex(), 0
    for line in lines:
        if not examples:
            target.write(line.rstrip(b"\r\n") + b"\n")
            continue
        repaired = _repair_line(line, changes)
        if not repaired:
            changes["empty line removed"] += 1
        elif seen.add(repaired, written + 1):
            changes["duplicate example removed"] += 1
        else:
            written += 1
            target.write(repaired + b"\n")
    if reader.too_long:
        changes["line that is too long removed"] += len(reader.too_long)
    return RepairResult(written, tuple(changes.items()), reader.stopped)


def _repair_compressed(
    path: str, target: IO[bytes], examples: bool, progress: Progress | None, should_stop: ShouldStop
) -> RepairResult:
    with tempfile.NamedTemporaryFile(prefix="fttui-") as plain:
        try:
            with gzip.open(path, "rb") as packed:
                while block := packed.read(_BLOCK):
                    if plain.tell() > MOST_DECOMPRESSED:
                        raise CannotRepair(f"{path} is larger than {MOST_DECOMPRESSED // 10**9} GB when decompressed")
                    plain.write(block)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CannotRepair(f"{path} is damaged: {error}") from None
        plain.flush()
        done = repair_file(plain.name, target, examples=examples, progress=progress, should_stop=should_stop)
    return done._replace(changes=(("decompressed", 1), *done.changes))


def _csv_lines(path: str) -> Iterator[bytes]:
    try:
        yield from csv_examples(path)
    except ValueError as error:
        raise CannotRepair(f"{path} cannot be converted: {error}") from None


def _spans_lines(first: bytes) -> bool:
    """Return True for the first line of an array, or of objects that span several lines."""
    text = first.strip().removeprefix(codecs.BOM_UTF8)
    if not text.startswith((b"[", b"{")):
        return False
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return text.startswith(b"[") or text[-1:] in b"{[,"


def _lines_as_utf8(path: str, encoding: str) -> Iterator[bytes]:
    with open(path, encoding=encoding, errors="replace", newline="") as file:
        for line in file:
            yield line.removeprefix("\ufeff").encode("utf-8", "replace")


def _objects(path: str, encoding: str) -> Iterator[bytes]:
    """Yield the objects of a file that is one array, or a sequence of objects with any space between them."""
    decoder = json.JSONDecoder()
    with open(path, encoding=encoding, errors="strict") as file:
        text, is_over = "", False
        line = column = 1
        while not is_over:
            try:
                block = file.read(_BLOCK)
            except UnicodeDecodeError:
                raise CannotRepair(f"{path} is one JSON value and not UTF-8. Save it as UTF-8 first.") from None
            is_over = not block
            text += block
            while rest := text.lstrip(" \t\r\n,[]\ufeff"):
                start = len(text) - len(rest)
                try:
                    value, end = decoder.raw_decode(text, start)
                except (ValueError, RecursionError) as error:
                    if is_over:
                        line, column = _after(text[: getattr(error, "pos", start)], line, column)
                        reason = getattr(error, "msg", "nested too deeply")
                        raise CannotRepair(
                            f"{path}:{line} is not JSON: {reason.removesuffix(' at')} at column {column}"
                        ) from None
                    break
                yield json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
                line, column = _after(text[:end], line, column)
                text = text[end:]


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    """Return the line and the column after a text that begins at `line` and `column`."""
    newlines = text.count("\n")
    return line + newlines, len(text) - text.rfind("\n") if newlines else column + len(text)


def _repair_line(line: bytes, changes: Counter[str]) -> bytes:
    """Return a repaired line without its line end; empty for an empty line."""
    if line.endswith(b"\r\n"):
        changes["Windows line end replaced"] += 1
    line = line.strip()
    if b"\0" in line:
        changes["NUL bytes removed"] += 1
        line = line.replace(b"\0", b"").strip()
    try:
        example = json.loads(line)
    except (ValueError, RecursionError):
        return line
    before = sum(changes.values())
    if isinstance(example, dict):
        if (training := converted(example)) is not None:
            changes[f"{BY_CODE[foreign_format(example)].problem.removeprefix('this is ')} converted"] += 1
            example = training
        _repair_example(example, changes)
    return line if sum(changes.values()) == before else json.dumps(example, ensure_ascii=False).encode()


def _repair_example(example: dict[str, Any], changes: Counter[str]) -> None:
    if example.pop("weight", None) is not None:
        changes["weight beside messages removed"] += 1
    given = example.get("input")
    for holder in (example, given if isinstance(given, dict) else {}):
        for name in ("messages", *NAMES, *NAMES.values()):
            messages = holder.get(name)
            for message in messages if isinstance(messages, list) else ():
                if isinstance(message, dict):
                    _repair_message(message, changes)


def _repair_message(message: dict[str, Any], changes: Counter[str]) -> None:
    role = message.get("role")
    if isinstance(role, str) and role not in _ROLES and role.strip().lower() in _ROLES:
        message["role"] = role = role.strip().lower()
        changes["role changed to lower case"] += 1
    if "weight" in message:
        weight = message["weight"]
        if isinstance(role, str) and role in _ROLES and role != "assistant":
            del message["weight"]
            changes["weight of a message other than the assistant's removed"] += 1
        elif (isinstance(weight, bool) or not isinstance(weight, int)) and weight in (0, 1, "0", "1"):
            message["weight"] = int(weight)
            changes["weight written as 0 or 1"] += 1
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    for function in (*functions, message.get("function_call")):
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict | list):
            function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
            changes["arguments written as JSON text"] += 1


def is_repaired(code: str, detail: str) -> bool:
    """Return True when a repair removes a finding, by the detail of the finding."""
    if not BY_CODE[code].is_fixable:
        return False
    if code == "csv":
        return {name.strip().lower() for name in detail.split(",")} == {"prompt", "completion"}
    if code == "bad_arguments":
        return detail[:1] in ("{", "[")
    if code in ("unknown_role", "bad_weight"):
        try:
            value, _ = json.JSONDecoder().raw_decode(detail)
        except ValueError:
            return False
        if code == "bad_weight":
            return value in (0, 1, "0", "1")
        return isinstance(value, str) and value.strip().lower() in _ROLES
    return True


def is_same_file(one: str, other: str) -> bool:
    """Return True for two paths of one file, also through links."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)
