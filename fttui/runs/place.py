"""Directories of runs as one URL, `file:///scratch/me`, and the paths in it. Standard library only.

A profile of runs needs a base URL like any other: it names the place in messages and in the archive.
"""

import os
from collections.abc import Sequence

SCHEME = "file://"
_SEPARATOR = ":"
_WILD = "*?["
# The first frame shows the place, and importing `urllib.parse` or `re` takes a tenth of the time to it.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~/*?[]!-")

_HEX = frozenset(b"0123456789abcdefABCDEF")


def url_of(paths: Sequence[str]) -> str:
    """Return the URL of directories, files and patterns. `~` is expanded; relative paths become absolute."""
    whole = (os.path.abspath(os.path.expanduser(path)) for path in paths)
    return SCHEME + _SEPARATOR.join(_quoted(path) for path in whole)


def paths_of(url: str) -> tuple[str, ...]:
    """Return the absolute paths and patterns in a URL, in normal form; empty for a URL that `url_of` would not make."""
    if not url.startswith(f"{SCHEME}/"):
        return ()
    parts = url.removeprefix(SCHEME).split(_SEPARATOR)
    paths = [_unquoted(part) for part in parts if part]
    if any("\0" in path or not path.startswith("/") for path in paths):
        return ()
    return tuple(os.path.normpath(path) for path in paths)


def _quoted(path: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))


def _unquoted(part: str) -> str:
    first, *rest = part.encode("utf-8", "surrogateescape").split(b"%")
    return os.fsdecode(first + b"".join(_unescaped(piece) for piece in rest))


def _unescaped(piece: bytes) -> bytes:
    """Return the text behind a percent sign with the byte that its first two digits name, if they are digits."""
    digits = piece[:2]
    if len(digits) == 2 and _HEX.issuperset(digits):
        return bytes((int(digits, 16),)) + piece[2:]
    return b"%" + piece


def fixed_part(pattern: str) -> str:
    """Return the directory of a pattern before its first wildcard.

    A path without wildcards, or one that exists, is returned as it is.
    """
    if not is_pattern(pattern):
        return pattern
    parts = pattern.split("/")
    first = next(index for index, part in enumerate(parts) if any(sign in part for sign in _WILD))
    return "/".join(parts[:first]) or "/"


def is_pattern(path: str) -> bool:
    """Tell whether a path has wildcards and is not the name of an existing file."""
    return any(sign in path for sign in _WILD) and not os.path.lexists(path)


def exists(path: str) -> bool:
    """Tell whether a path as a user gives it, with `~`, is there now. A pattern always is."""
    try:
        whole = os.path.abspath(os.path.expanduser(path))
    except OSError:
        return False  # the working directory was removed
    return is_pattern(whole) or os.path.exists(whole)
