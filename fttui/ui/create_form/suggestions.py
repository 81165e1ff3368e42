"""Suggestions for the fields of the create form: models, files, known words, paths.

Directories are read in a thread, so a slow disk delays no key. Everything else is pure.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from fttui.clock import age
from fttui.models.file import File
from fttui.models.job import METHODS
from fttui.models.row import short_id
from fttui.text import clean_line, fit, width
from fttui.ui.create_form.fields import EFFORTS, NUMBERS
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span

PATHS = ("grader", "training_file", "validation_file")
"""Fields that accept paths."""
PROVIDED = ("model", "training_file", "validation_file")
"""Fields that accept models and files of the provider."""
PATIENCE = 0.2
"""Seconds that a key waits for a list that is still being fetched or read."""
FRESH = 2.0
"""Seconds that the names in a directory are reused."""


class Suggestion(NamedTuple):
    """One possible text of a field."""

    text: str
    shown: str
    """Text for the user, who knows files by name."""
    is_path: bool = False


class Suggestions:
    """Suggestions by field, from the models, files and directories known so far."""

    def __init__(self, read: Callable[[str], list[str]] | None = None) -> None:
        """
        Args:
            read: replaces `names_in`.
        """
        self._models: list[Suggestion] = []
        self._files: list[Suggestion] = []
        self._read = read or names_in
        self._directories: dict[str, tuple[float, list[str]]] = {}
        """Time of the read, and names, by directory."""
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._has_learned = asyncio.Event()

    def learn(self, models: Sequence[str], files: Sequence[File], now: float) -> None:
        """Set the models and files of the provider.

        Files are shown by name, newest first. Equal names get their age, and equal ages the end of the id.
        """
        self._has_learned.set()
        files = sorted(files, key=lambda file: -(file.created_at or 0.0))
        aged = {file.id: _with_age(file, now) for file in files}
        names, ages = Counter(file.filename for file in files), Counter(aged.values())

        def shown(file: File) -> str:
            if not file.filename:
                return file.id
            if names[file.filename] == 1:
                return file.filename
            return f"{aged[file.id]} ({short_id(file.id)})" if ages[aged[file.id]] > 1 else aged[file.id]

        self._models = _words(sorted(models, key=_model_order))
        self._files = [Suggestion(file.id, shown(file)) for file in files]

    def all(self, name: str) -> list[Suggestion]:
        """Return every suggestion for a field, apart from paths."""
        if name == "method":
            return _words(METHODS)
        if name == "reasoning_effort":
            return _words(EFFORTS)
        if name in NUMBERS:
            return _words(("auto",))
        if name == "model":
            return self._models
        return self._files if name.endswith("_file") else []

    def of(self, name: str, text: str) -> list[Suggestion]:
        """Return suggestions for a typed text: those that begin with it, then those that contain it.

        Base models come before tuned models. An empty text has no suggestions.
        """
        if not text:
            return []
        known = [suggestion for suggestion in self.all(name) if suggestion.text != text]
        found = [suggestion for suggestion in known if suggestion.text.startswith(text)]
        if name in PATHS:
            _, names = self._directories.get(directory_of(text), (0.0, []))
            found = [Suggestion(path, _last(path), True) for path in paths(text, names) if path != text] + found
        if name == "model" or name.endswith("_file"):
            part = text.casefold()
            found += [
                suggestion for suggestion in known if part in suggestion.shown.casefold() and suggestion not in found
            ]
        return sorted(found, key=lambda suggestion: _model_order(suggestion.text)) if name == "model" else found

    def completed(self, name: str, text: str) -> str | None:
        """Return the text that `→` accepts; None without a suggestion.

        Paths are completed up to their common prefix, as in a shell.
        """
        suggestions = self.of(name, text)
        if not suggestions:
            return None
        found = [suggestion.text for suggestion in suggestions if suggestion.is_path]
        common = os.path.commonprefix(found)  # noqa: RUF071  (by character, not by path)
        return common if len(common) > len(text) else suggestions[0].text

    async def complete(self, name: str, text: str) -> str | None:
        """Wait as `look` does, then return `completed`."""
        await self.look(name, text)
        return self.completed(name, text)

    async def look(self, name: str, text: str) -> bool:
        """Wait at most `PATIENCE` for the provider's lists, or for the directory of a path.

        Returns:
            True when the names in the directory are fresh.
        """
        if name in PROVIDED and os.sep not in text and not self._has_learned.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_learned.wait(), PATIENCE)
        if name not in PATHS or not text:
            return True
        directory, now = directory_of(text), asyncio.get_running_loop().time()
        if directory in self._directories and now < self._directories[directory][0] + FRESH:
            return True
        if directory not in self._reading:
            self._reading[directory] = asyncio.create_task(self._read_directory(directory))
        await asyncio.wait({self._reading[directory]}, timeout=PATIENCE)
        return directory not in self._reading

    async def _read_directory(self, directory: str) -> None:
        try:
            names = await asyncio.to_thread(self._read, directory)
            self._directories[directory] = (asyncio.get_running_loop().time(), names)
        finally:
            del self._reading[directory]


def _words(words: Sequence[str]) -> list[Suggestion]:
    return [Suggestion(word, word) for word in words]


def _with_age(file: File, now: float) -> str:
    return file.filename + (f" {age(now - file.created_at)} ago" if file.created_at is not None else "")


def _model_order(model: str) -> int:
    """Sort base models before tuned models, and these before their checkpoints. Azure writes `gpt-4o.ft-…`."""
    is_tuned = model.startswith("ft:") or ".ft-" in model
    return 0 if not is_tuned else 2 if ":ckpt-" in model else 1


def _last(path: str) -> str:
    """Return the last part of a path; a directory keeps its slash."""
    return path[path.rstrip(os.sep).rfind(os.sep) + 1 :]


def directory_of(text: str) -> str:
    """Return the directory that contains the last part of a path."""
    directory, slash, _ = text.rpartition(os.sep)
    return os.path.expanduser(directory + os.sep) if slash else "."


def names_in(directory: str) -> list[str]:
    """Return directories, with a slash, and files that may hold training data, sorted.

    A directory that cannot be read has none.
    """
    try:
        with os.scandir(directory) as found:
            names = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in found
                if entry.name.endswith((".jsonl", ".json", ".txt")) or entry.is_dir()
            )
    except (OSError, ValueError):
        return []
    # A name with control characters cannot be typed into a field either.
    return [name for name in names if clean_line(name) == name]


def paths(text: str, names: Sequence[str]) -> list[str]:
    """Return the paths that begin with `text`, from the names in its directory.

    Hidden names are returned only after a typed dot.
    """
    start = text[text.rfind(os.sep) + 1 :]
    head = text[: len(text) - len(start)]
    return [
        head + name for name in names if name.startswith(start) and (start.startswith(".") or not name.startswith("."))
    ]


def suggestion_line(suggestions: Sequence[Suggestion], chosen: int, cells: int, glyphs: Glyphs) -> Line:
    """Return suggestions on one line of at most `cells` cells, with the chosen one visible (-1: none)."""
    between, before = f" {glyphs.dot} ", f"{glyphs.cut} "
    first = 0
    while first < chosen and sum(width(each.shown) + 3 for each in suggestions[first : chosen + 1]) > cells - 8:
        first += 1
    line: list[Span] = [(before, "dim")] if first else []
    left = cells - (len(before) if first else 0)
    for index, suggestion in enumerate(suggestions[first:], first):
        more = len(suggestions) - index - 1
        space = len(between) if index > first else 0
        room = left - space - (len(f" +{more}") if more else 0)
        if width(suggestion.shown) > room and index > first:
            line.append((f" +{more + 1}", "dim"))
            break
        text = fit(suggestion.shown, room, ellipsis=glyphs.cut)
        line += [(between[:space], "dim"), (text, "match" if index == chosen else "")]
        left -= space + width(text)
    return line
