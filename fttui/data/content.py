"""What stands in a message: parts, images, calls; and the tools of an example."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from fttui.data import images, rules

Note = Callable[..., None]
"""`note(code, member, detail)`: a finding in the line at hand."""

_OTHER_ENDINGS = (".gif", ".bmp", ".tif", ".tiff", ".svg", ".heic", ".avif", ".ico")
# What json.loads is built on, without looking at the type and at the space around.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_TOOL_MEMBERS = frozenset(("type", "function"))


def shown(value: object) -> str:
    """A value as JSON, short enough to stand in a sentence."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def parts(content: list[Any], where: str, note: Note, *, role: str) -> tuple[list[str], int]:
    """The texts in an array of parts, and how many images it has."""
    texts: list[str] = []
    count = 0
    if not content:
        note("bad_content", where, "an empty array")
    for index, part in enumerate(content):
        place = f"{where}[{index}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            texts.append(part["refusal"])
        elif kind == "image_url":
            count += 1
            image(part.get("image_url"), f"{place}.image_url", note)
            if role == "assistant":
                note("image_in_answer", place)
        else:
            note("bad_part", place, shown(part))
    return texts, count


def image(value: object, where: str, note: Note) -> None:
    """Look at an image as far as it can be seen without fetching it."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        note("bad_image", where, shown(value))
        return
    if url.startswith("data:"):
        kind, comma, data = url[5:].partition(",")
        if not comma or not kind.endswith(";base64"):
            note("bad_image", f"{where}.url", url[:40])
            return
        media = kind.partition(";")[0].lower()
        if media not in images.FORMATS:
            note("image_format", f"{where}.url", media)
        elif len(data) * 3 // 4 > rules.LARGEST_IMAGE:
            note("image_size", f"{where}.url", f"{len(data) * 3 // 4:,} bytes")
        elif wrong := images.fault(media, data):
            note(wrong[0], f"{where}.url", wrong[1])
    elif url.startswith(("http://", "https://")):
        name = url.partition("?")[0].lower()
        if name.endswith(_OTHER_ENDINGS):
            note("image_format", f"{where}.url", name.rpartition("/")[2])
    else:
        note("bad_image", f"{where}.url", url[:40])


def calls(message: dict[str, Any], where: str, note: Note) -> tuple[list[str], list[str], list[str]]:
    """The ids, the function names and the texts that are trained on, of a message's calls."""
    ids: list[str] = []
    names: list[str] = []
    texts: list[str] = []
    many = message.get("tool_calls")
    if many is not None and (not isinstance(many, list) or not many):
        note("bad_call", f"{where}.tool_calls", shown(many))
        many = None
    for index, call in enumerate(many or ()):
        place = f"{where}.tool_calls[{index}]"
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
            note("bad_call", place, shown(call))
            continue
        if not isinstance(call.get("id"), str) or not call["id"]:
            note("bad_call", f"{place}.id", shown(call.get("id")))
        else:
            ids.append(call["id"])
        if call.get("type") != "function":
            note("bad_call", f"{place}.type", shown(call.get("type")))
        _function(call["function"], f"{place}.function", note, names, texts)
    single = message.get("function_call")
    if single is not None:
        if isinstance(single, dict):
            _function(single, f"{where}.function_call", note, names, texts)
        else:
            note("bad_call", f"{where}.function_call", shown(single))
    return ids, names, texts


def _function(function: dict[str, Any], where: str, note: Note, names: list[str], texts: list[str]) -> None:
    name, arguments = function.get("name"), function.get("arguments")
    if isinstance(name, str) and name:
        names.append(name)
        texts.append(name)
    else:
        note("bad_call", f"{where}.name", shown(name))
    if not isinstance(arguments, str):
        note("bad_arguments", f"{where}.arguments", shown(arguments))
        return
    texts.append(arguments)
    try:
        _, end = _scan(arguments, 0)
        if end == len(arguments):
            return
        json.loads(arguments)  # with space around it, or not JSON
    except (ValueError, RecursionError, StopIteration):
        if arguments[:1].isspace() and _is_json(arguments):
            return
        note("bad_arguments", f"{where}.arguments", shown(arguments))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def tools(example: dict[str, Any], where: str, note: Note) -> set[str] | None:
    """The names of the functions that an example offers; None where it has no tools at all."""
    found: set[str] = set()
    tools, functions = example.get("tools"), example.get("functions")
    if tools is None and functions is None:
        return None
    if tools is not None:
        if not isinstance(tools, list):
            note("bad_tools", f"{where}tools", shown(tools))
        else:
            _count(tools, f"{where}tools", note)
            for index, tool in enumerate(tools):
                place = f"{where}tools[{index}]"
                if not isinstance(tool, dict) or tool.get("type") != "function" or not tool.keys() <= _TOOL_MEMBERS:
                    note("bad_tools", place, shown(tool))
                else:
                    _offered([tool.get("function")], f"{place}.function", note, found)
    if functions is not None:
        if not isinstance(functions, list):
            note("bad_tools", f"{where}functions", shown(functions))
        else:
            _count(functions, f"{where}functions", note)
            _offered(functions, f"{where}functions", note, found)
            note("two_kinds_of_calls", f"{where}functions")
    return found


def _count(items: list[Any], where: str, note: Note) -> None:
    if not 1 <= len(items) <= rules.MOST_FUNCTIONS:
        note("many_functions", where, f"{len(items)}")


def _offered(functions: Iterable[Any], where: str, note: Note, found: set[str]) -> None:
    for function in functions:
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            note("bad_tools", f"{where}.name", shown(name))
            continue
        found.add(name)
        if not isinstance(function.get("parameters", {}), dict):
            note("bad_tools", f"{where}.parameters", shown(function["parameters"]))
