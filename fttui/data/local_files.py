"""Tell local paths from ids of files at the provider."""

import os
import re
from collections.abc import Callable

SamplePath = Callable[[str], str | None]
"""Returns the path of a sample file by its name; None for other names."""


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


class NotAFile(ValueError):
    """The path is not a readable file. The message is for the user."""


def is_address(text: str) -> bool:
    """Return whether a text names data by an address that the provider reads itself, such as `gs://bucket/t.jsonl`."""
    return bool(_ADDRESS.fullmatch(text))


def local_path(text: str, sample_path: SamplePath) -> str | None:
    """Return the local path that `text` names; None for empty text, an address, and the id of a file at the provider.

    `./file-abc` is always a path. Sample files in the package are found by name.

    Raises:
        NotAFile: `text` looks like a path, but is not a regular file.
    """
    if not text or is_address(text):
        return None
    path = os.path.expanduser(text)
    if os.path.isfile(path) and not text.startswith("file-"):
        return path
    if (sample := sample_path(text)) is not None:
        return sample
    if text.startswith("file-"):
        return None
    if os.path.isdir(path):
        raise NotAFile(f"{text} is a directory, not a file")
    if os.path.exists(path):
        raise NotAFile(f"{text} is not a regular file; save the data to a file first")
    if os.sep in text or text.endswith((".jsonl", ".json", ".txt")):
        raise NotAFile(f"no such file: {text}")
    return None
