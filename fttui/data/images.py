"""What an image in a data URL is, by its first bytes: nothing is decoded but those."""

import base64
import binascii

_HEAD = 128_000
"""Base64 characters that are looked at: a JPEG tells its colours behind its previews."""
_NAMES = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
FORMATS = tuple(_NAMES)
_PNG_COLOURS = {0: "grey", 3: "a palette", 4: "grey with alpha"}
_JPEG_COLOURS = {1: "grey", 4: "CMYK"}


def fault(kind: str, data: str) -> tuple[str, str] | None:
    """What is wrong with base64 `data` of the media type `kind`: a finding's code and its detail."""
    try:
        head = base64.b64decode(data[:_HEAD] + "=" * (-len(data[:_HEAD]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return "bad_image", "not base64"
    found = _format(head)
    if found != _NAMES[kind]:
        return "image_format", f"said to be {_NAMES[kind]}, but it is {found or 'something else'}"
    colours = _png(head) if found == "PNG" else _jpeg(head) if found == "JPEG" else ""
    return ("image_colours", colours) if colours else None


def _format(head: bytes) -> str:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return "GIF" if head.startswith(b"GIF8") else ""


def _png(head: bytes) -> str:
    """Its colours where they are neither RGB nor RGBA; empty otherwise."""
    return _PNG_COLOURS.get(head[25], "") if head[12:16] == b"IHDR" and len(head) > 25 else ""


def _jpeg(head: bytes) -> str:
    place = 2
    while place + 9 < len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # the start of a frame
            return _JPEG_COLOURS.get(head[place + 9], "")
        place += 2 + length
    return ""
