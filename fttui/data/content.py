"""Check the content of one message: text and image parts, tool calls; and the tools of an example."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from fttui.data import rules
from fttui.data.findings import AddFinding

_OTHER_IMAGE_ENDINGS = (".gif", ".bmp", ".tif", ".tiff", ".svg", ".heic", ".avif", ".ico")
# The scanner below json.loads, without its checks of type and surrounding space: this runs for every call.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_TOOL_MEMBERS = frozenset(("type", "function"))
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TEXT_PARTS = ("text", "refusal")

_IMAGE_HEAD = 128_000
"""Base64 characters to decode: in a JPEG the color components follow the embedded previews."""
_IMAGE_FORMATS = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_PNG_COLORS = {0: "grayscale", 3: "palette", 4: "grayscale with alpha"}
_JPEG_COLORS = {1: "grayscale", 4: "CMYK"}


def shorten(value: object) -> str:
    """Return a value as JSON of at most 60 characters."""
    text = as_json(value) or "nested too deeply"
    return text if len(text) <= 60 else text[:57] + "..."


def as_json(value: object) -> str:
    """Return a parsed value as JSON; empty for one that is nested so deeply that Python reads, but cannot write it."""
    try:
        return json.dumps(value)
    except RecursionError:
        return ""


def check_parts(content: list[Any], where: str, add: AddFinding, *, role: str) -> tuple[list[str], int]:
    """Check an array of content parts. Return its texts and the number of its images."""
    texts: list[str] = []
    images = 0
    if not content:
        add("bad_content", where, "an empty array")
    for index, part in enumerate(content):
        member = f"{where}[{index}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _TEXT_PARTS and isinstance(part.get(kind), str):
            texts.append(part[kind])
        elif kind == "image_url":
            images += 1
            _check_image(part.get("image_url"), f"{member}.image_url", add)
            if role == "assistant":
                add("image_in_answer", member)
        else:
            is_other_type = isinstance(kind, str) and kind not in _TEXT_PARTS
            add("bad_part", f"{member}.type" if is_other_type else member, shorten(part))
    return texts, images


def _check_image(value: object, where: str, add: AddFinding) -> None:
    """Check an image as far as possible without a download."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        add("bad_image", where, shorten(value))
        return
    if url.startswith("data:"):
        header, comma, data = url[5:].partition(",")
        if not comma or not header.endswith(";base64"):
            add("bad_image", f"{where}.url", url[:40])
            return
        media_type = header.partition(";")[0].lower()
        if media_type not in _IMAGE_FORMATS:
            add("image_format", f"{where}.url", media_type)
        elif len(data) * 3 // 4 > rules.LARGEST_IMAGE:
            add("image_size", f"{where}.url", f"{len(data) * 3 // 4:,} bytes")
        elif error := _image_data_error(media_type, data):
            add(error[0], f"{where}.url", error[1])
    elif url.startswith(("http://", "https://")):
        name = url.partition("?")[0].lower()
        if name.endswith(_OTHER_IMAGE_ENDINGS):
            add("image_format", f"{where}.url", name.rpartition("/")[2])
    else:
        add("bad_image", f"{where}.url", url[:40])


def _image_data_error(media_type: str, data: str) -> tuple[str, str] | None:
    """Return code and detail of the error in base64 image data. Only the first bytes are decoded."""
    try:
        head = base64.b64decode(data[:_IMAGE_HEAD] + "=" * (-len(data[:_IMAGE_HEAD]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return "bad_image", "not base64"
    declared, actual = _IMAGE_FORMATS[media_type], _image_format(head)
    if actual != declared:
        return "image_format", f"declared as {declared}, but the data is {actual or 'of an unknown format'}"
    colors = _png_colors(head) if actual == "PNG" else _jpeg_colors(head) if actual == "JPEG" else ""
    return ("image_colours", colors) if colors else None


def _image_format(head: bytes) -> str:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return "GIF" if head.startswith(b"GIF8") else ""


def _png_colors(head: bytes) -> str:
    """Return the color type of a PNG that is neither RGB nor RGBA, else an empty string."""
    return _PNG_COLORS.get(head[25], "") if head[12:16] == b"IHDR" and len(head) > 25 else ""


def _jpeg_colors(head: bytes) -> str:
    """Return the color type of a JPEG that is not RGB, else an empty string."""
    offset = 2
    while offset + 9 < len(head) and head[offset] == 0xFF:
        marker, length = head[offset + 1], int.from_bytes(head[offset + 2 : offset + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            return _JPEG_COLORS.get(head[offset + 9], "")
        offset += 2 + length
    return ""


def check_calls(message: dict[str, Any], where: str, add: AddFinding) -> tuple[list[str], list[str], list[str]]:
    """Check the calls of a message. Return their ids, their function names, and the texts that are trained on."""
    ids: list[str] = []
    names: list[str] = []
    texts: list[str] = []
    calls = message.get("tool_calls")
    if calls is not None and (not isinstance(calls, list) or not calls):
        add("bad_call", f"{where}.tool_calls", shorten(calls))
        calls = None
    for index, call in enumerate(calls or ()):
        member = f"{where}.tool_calls[{index}]"
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
            add("bad_call", member, shorten(call))
            continue
        if not isinstance(call.get("id"), str) or not call["id"]:
            add("bad_call", f"{member}.id", shorten(call.get("id")))
        else:
            ids.append(call["id"])
        if call.get("type") != "function":
            add("bad_call", f"{member}.type", shorten(call.get("type")))
        _check_function_call(call["function"], f"{member}.function", add, names, texts)
    single = message.get("function_call")
    if single is not None:
        if isinstance(single, dict):
            _check_function_call(single, f"{where}.function_call", add, names, texts)
        else:
            add("bad_call", f"{where}.function_call", shorten(single))
    return ids, names, texts


def _check_function_call(
    function: dict[str, Any], where: str, add: AddFinding, names: list[str], texts: list[str]
) -> None:
    name, arguments = function.get("name"), function.get("arguments")
    if isinstance(name, str) and name:
        names.append(name)
        texts.append(name)
        check_function_name(name, f"{where}.name", add)
    else:
        add("bad_call", f"{where}.name", shorten(name))
    if not isinstance(arguments, str):
        add("bad_arguments", f"{where}.arguments", shorten(arguments))
        return
    texts.append(arguments)
    try:
        _, end = _scan(arguments, 0)
        if end == len(arguments):
            return
        json.loads(arguments)  # JSON with space around it, or no JSON
    except (ValueError, RecursionError, StopIteration):
        if arguments[:1].isspace() and _is_json(arguments):
            return
        add("bad_arguments", f"{where}.arguments", shorten(arguments))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def check_tools(example: dict[str, Any], where: str, add: AddFinding) -> set[str] | None:
    """Check the tools of an example. Return their function names; None for an example without tools."""
    names: set[str] = set()
    tools, functions = example.get("tools"), example.get("functions")
    if tools is None and functions is None:
        return None
    if tools is not None:
        if not isinstance(tools, list):
            add("bad_tools", f"{where}tools", shorten(tools))
        else:
            _check_count(tools, f"{where}tools", add)
            for index, tool in enumerate(tools):
                member = f"{where}tools[{index}]"
                if not isinstance(tool, dict) or tool.get("type") != "function" or not tool.keys() <= _TOOL_MEMBERS:
                    add("bad_tools", member, shorten(tool))
                else:
                    _check_functions([tool.get("function")], f"{member}.function", add, names)
    if functions is not None:
        if not isinstance(functions, list):
            add("bad_tools", f"{where}functions", shorten(functions))
        else:
            _check_count(functions, f"{where}functions", add)
            _check_functions(functions, f"{where}functions", add, names)
            add("two_kinds_of_calls", f"{where}functions")
    return names


def _check_count(items: list[Any], where: str, add: AddFinding) -> None:
    if not 1 <= len(items) <= rules.MOST_FUNCTIONS:
        add("many_functions", where, f"{len(items)}")


def _check_functions(functions: Iterable[Any], where: str, add: AddFinding, names: set[str]) -> None:
    for function in functions:
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            add("bad_tools", f"{where}.name", shorten(name))
            continue
        names.add(name)
        check_function_name(name, f"{where}.name", add)
        if not isinstance(function.get("parameters", {}), dict):
            add("bad_tools", f"{where}.parameters", shorten(function["parameters"]))


def check_function_name(name: str, where: str, add: AddFinding) -> None:
    """Check the name of a function against the pattern of the API."""
    if not _FUNCTION_NAME.fullmatch(name):
        add("bad_function_name", where, shorten(name))
