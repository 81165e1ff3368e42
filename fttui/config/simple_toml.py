"""Parser for simple TOML, as most configuration files are. Standard library only.

Importing `tomllib` takes longer than Python's own start (measured: 9 and 8 ms of CPU), because it needs `re` and
`typing`. The first frame waits for the configuration, so files of plain lines are read here. `tomllib` reads all
others, and is the only one that reports faults.
"""

from fttui.lean_typing import Any
from fttui.text import has_only


class _NotSimple(Exception):
    """The text needs `tomllib`."""


def parse(text: str) -> dict[str, Any] | None:
    """Return the content of TOML text; None for text that is not simple, or not TOML.

    Simple text has one line for each setting. Keys are letters, digits, `_` and `-`. Values are text without escapes,
    whole numbers, decimal numbers, `true`, `false` and lists of these. Headers of tables follow their parents.
    """
    content: dict[str, Any] = {}
    table = content
    try:
        for line in text.replace("\r\n", "\n").split("\n"):
            line = line.replace("\t", " ")
            if not line.isprintable():
                return None
            line = line.strip()
            if line.startswith("["):
                table = _new_table(content, line)
            elif line and not line.startswith("#"):
                key, _, value = line.partition("=")
                table[_new_key(table, key)] = _value(value.partition(" #")[0].strip())
    except _NotSimple:
        return None
    return content


def _new_table(content: dict[str, Any], line: str) -> dict[str, Any]:
    """Return the table that a header opens."""
    header = line.partition(" #")[0].rstrip()
    if not header.endswith("]"):
        raise _NotSimple
    *parents, name = header[1:-1].split(".")
    for parent in parents:
        content = content.setdefault(_key(parent), {})
        if not isinstance(content, dict):
            raise _NotSimple
    made = content[_new_key(content, name)] = {}
    return made


def _key(text: str) -> str:
    key = text.strip()
    if not key or not has_only(key, "_-"):
        raise _NotSimple
    return key


def _new_key(table: dict[str, Any], text: str) -> str:
    key = _key(text)
    if key in table:  # twice, or a parent after its children
        raise _NotSimple
    return key


def _value(text: str) -> Any:
    if text[:1] in ('"', "'"):
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != text[0] or text[0] in inner or "\\" in inner:
            raise _NotSimple
        return inner
    if text.startswith("[") and text.endswith("]"):
        return [_value(part.strip()) for part in text[1:-1].split(",")] if text[1:-1].strip() else []
    if text in ("true", "false"):
        return text == "true"
    whole, dot, decimals = text.removeprefix("-").partition(".")
    if not _is_number(whole) or (whole[0] == "0" and whole != "0") or (dot and not _is_number(decimals)):
        raise _NotSimple
    return float(text) if dot else int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16
