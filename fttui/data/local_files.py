"""What a person names when asked for a file: one on this disk, or one at the provider."""

import os
from collections.abc import Callable

SamplePath = Callable[[str], str | None]
"""Where the sample file of a name lies; None for any other name."""


class NotAFile(ValueError):
    """What was named is no file that can be read, in words for a person."""


def local_path(text: str, samples: SamplePath) -> str | None:
    """The path on this disk that `text` names; None when it is empty or the id of a file at the provider.

    `./file-abc` is always a path. The sample files in the package go by their names.

    Raises:
        NotAFile: it looks like a path, and no file is there.
    """
    if not text:
        return None
    path = os.path.expanduser(text)
    if os.path.isfile(path) and not text.startswith("file-"):
        return path
    if (sample := samples(text)) is not None:
        return sample
    if text.startswith("file-"):
        return None
    if os.path.isdir(path):
        raise NotAFile(f"there is no file {text}: it is a directory")
    if os.path.exists(path):
        raise NotAFile(f"{text} is no file that can be read twice; write it to disk first")
    if os.sep in text or text.endswith((".jsonl", ".json", ".txt")):
        raise NotAFile(f"there is no file {text}")
    return None
