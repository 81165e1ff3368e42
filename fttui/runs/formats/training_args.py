"""Settings in `training_args.bin` of Hugging Face, read without running it.

The file is a pickle, which may run any program when it is loaded. Here its instructions are only looked at: a name that
is followed by a plain value is a setting, and everything else is left out.
"""

from fttui.bounded import read_file
from fttui.lean_typing import Any

LARGEST = 4 << 20
"""Bytes. A file of settings has a few kilobytes."""
_MOST_STEPS = 50_000
_TEXTS = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINUNICODE8"})
_NUMBERS = frozenset({"BININT", "BININT1", "BININT2", "BINFLOAT", "LONG1", "INT", "FLOAT"})
_MEMO = frozenset({"BINPUT", "LONG_BINPUT", "MEMOIZE", "PUT"})
CLASS = "class"
"""Name under which the class of the settings is returned."""


def read_settings(path: str) -> dict[str, Any]:
    """Return the settings with plain values by name, and the name of their class; empty for any other file.

    Raises:
        OSError: the file cannot be read.
    """
    import io
    import zipfile  # late, like pickletools: they take as long to import as a directory of runs to read

    try:
        with zipfile.ZipFile(io.BytesIO(read_file(path, LARGEST))) as archive:
            name = next(info for info in archive.infolist() if info.filename.endswith("data.pkl"))
            if name.file_size > LARGEST:
                return {}
            return _settings(archive.read(name))
    except (zipfile.BadZipFile, StopIteration, NotImplementedError, RuntimeError, ValueError, EOFError):
        return {}


def _settings(pickled: bytes) -> dict[str, Any]:
    import pickletools

    found: dict[str, Any] = {}
    name: str | None = None
    try:
        for number, (code, value, _) in enumerate(pickletools.genops(pickled)):
            kind = code.name
            if number > _MOST_STEPS:
                break
            if kind in _MEMO:
                continue
            if kind in ("GLOBAL", "STACK_GLOBAL") and CLASS not in found:
                found[CLASS] = str(value).rpartition(" ")[2] if value else name or ""
            if name is not None and kind in (*_TEXTS, *_NUMBERS, "NEWTRUE", "NEWFALSE"):
                text = value if kind in (*_TEXTS, *_NUMBERS) else kind == "NEWTRUE"
                if kind in _TEXTS and not _is_setting(name):
                    name = str(value)  # two texts in a row: the first was no name
                    continue
                found.setdefault(name, text)
                name = None
            else:
                name = str(value) if kind in _TEXTS else None
    except (ValueError, IndexError, KeyError, UnicodeDecodeError, OverflowError):
        pass  # what was found before the fault counts
    return found


def _is_setting(name: str) -> bool:
    return name.isidentifier() and "." not in name
