"""What a field of the form may become: what the provider has, the words that a setting knows, paths. Directories are
read in a thread, so that a slow disk holds up no key; everything else is pure."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from fttui.clock import age
from fttui.models.file import File
from fttui.models.job import METHODS
from fttui.text import clean_line, fit, width
from fttui.ui.create_form.form import EFFORTS, NUMBERS
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, short_id

PATHS = ("grader", "training_file", "validation_file")
"""Fields that take paths."""
PROVIDED = ("model", "training_file", "validation_file")
"""Fields that take what the provider has."""
PATIENCE = 0.2
"""Seconds for which a key waits for what is not known yet."""
FRESH = 2.0
"""Seconds for which what was read of a directory is taken for what stands there."""


class Offer(NamedTuple):
    """One thing that a field may become."""

    text: str
    """What the field holds then."""
    shown: str
    """The same for a person, who knows files by their names."""
    is_path: bool = False


class Offers:
    """Answers for all fields, from what is known by now."""

    def __init__(self, read: Callable[[str], list[str]] | None = None) -> None:
        """
        Args:
            read: instead of `names_in`.
        """
        self._models: list[Offer] = []
        self._files: list[Offer] = []
        self._read = read or names_in
        self._folders: dict[str, tuple[float, list[str]]] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._has_learnt = asyncio.Event()

    def learn(self, models: Sequence[str], files: Sequence[File], now: float) -> None:
        """What the provider has at `now`. Files go by name, the newest first; where several have the same, by their
        age, and where that is the same too, by the end of the id."""
        self._has_learnt.set()
        files = sorted(files, key=lambda file: -(file.created_at or 0.0))
        names = {file.id: _aged(file, now) for file in files}
        many, alike = Counter(file.filename for file in files), Counter(names.values())
        self._models = _words(sorted(models, key=_tuned))
        self._files = [
            Offer(
                file.id,
                file.id
                if not file.filename
                else file.filename
                if many[file.filename] == 1
                else f"{names[file.id]} ({short_id(file.id)})"
                if alike[names[file.id]] > 1
                else names[file.id],
            )
            for file in files
        ]

    def all(self, name: str) -> list[Offer]:
        """Everything that is known for a field."""
        if name == "method":
            return _words(METHODS)
        if name == "reasoning_effort":
            return _words(EFFORTS)
        if name in NUMBERS:
            return _words(("auto",))
        if name == "model":
            return self._models
        return self._files if name.endswith("_file") else []

    def of(self, name: str, text: str) -> list[Offer]:
        """What a text may become: first what begins with it, then what has it somewhere, and of models in any case
        first those that are not tuned; none for no text."""
        if not text:
            return []
        known = [offer for offer in self.all(name) if offer.text != text]
        found = [offer for offer in known if offer.text.startswith(text)]
        if name in PATHS:
            _, names = self._folders.get(folder_of(text), (0.0, []))
            found = [Offer(path, _last(path), True) for path in paths(text, names) if path != text] + found
        if name == "model" or name.endswith("_file"):
            part = text.casefold()
            found += [offer for offer in known if part in offer.shown.casefold() and offer not in found]
        return sorted(found, key=lambda offer: _tuned(offer.text)) if name == "model" else found

    def completed(self, name: str, text: str) -> str | None:
        """What → makes of a text: as much as all paths that begin with it have in common, as shells do; else the first
        thing that it may become. None for nothing."""
        offers = self.of(name, text)
        if not offers:
            return None
        ways = [offer.text for offer in offers if offer.is_path]
        common = os.path.commonprefix(ways)  # noqa: RUF071  (characters are meant)
        return common if len(common) > len(text) else offers[0].text

    async def look(self, name: str, text: str) -> bool:
        """Wait, for at most `PATIENCE`, for what a text of this field may become: the provider's list, or the directory
        that it is about, which is read on behind.

        Returns:
            whether what is known of the directory is fresh.
        """
        if name in PROVIDED and os.sep not in text and not self._has_learnt.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_learnt.wait(), PATIENCE)
        if name not in PATHS or not text:
            return True
        folder, now = folder_of(text), asyncio.get_running_loop().time()
        if folder in self._folders and now < self._folders[folder][0] + FRESH:
            return True
        if folder not in self._reading:
            self._reading[folder] = asyncio.create_task(self._learn_folder(folder))
        await asyncio.wait({self._reading[folder]}, timeout=PATIENCE)
        return folder not in self._reading

    async def _learn_folder(self, folder: str) -> None:
        try:
            names = await asyncio.to_thread(self._read, folder)
            self._folders[folder] = (asyncio.get_running_loop().time(), names)
        finally:
            del self._reading[folder]


def _words(words: Sequence[str]) -> list[Offer]:
    return [Offer(word, word) for word in words]


def _aged(file: File, now: float) -> str:
    return file.filename + (f" {age(now - file.created_at)} ago" if file.created_at is not None else "")


def _tuned(model: str) -> int:
    """Base models before tuned ones, those before their checkpoints. Azure writes `gpt-4o.ft-…`."""
    is_tuned = model.startswith("ft:") or ".ft-" in model
    return 0 if not is_tuned else 2 if ":ckpt-" in model else 1


def _last(path: str) -> str:
    """The last part of a path; a directory keeps its slash."""
    return path[path.rstrip(os.sep).rfind(os.sep) + 1 :]


def folder_of(text: str) -> str:
    """The directory in which the last part of a path stands."""
    folder, slash, _ = text.rpartition(os.sep)
    return os.path.expanduser(folder + os.sep) if slash else "."


def names_in(folder: str) -> list[str]:
    """What stands in a directory: directories, with a slash, and files that can hold training data, sorted. Empty when
    it cannot be read."""
    try:
        with os.scandir(folder) as found:
            names = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in found
                if entry.name.endswith((".jsonl", ".json", ".txt")) or entry.is_dir()
            )
    except (OSError, ValueError):
        return []
    # A name that cannot be shown as it is could not be sent from a line of text either.
    return [name for name in names if clean_line(name) == name]


def paths(text: str, names: Sequence[str]) -> list[str]:
    """The paths that `text` may become, by the names that stand in its directory; hidden ones where a dot was typed."""
    start = text[text.rfind(os.sep) + 1 :]
    head = text[: len(text) - len(start)]
    return [
        head + name for name in names if name.startswith(start) and (start.startswith(".") or not name.startswith("."))
    ]


def listed(offers: Sequence[Offer], chosen: int, cells: int, glyphs: Glyphs) -> Line:
    """What a field may become on one line of at most `cells` cells; the chosen one (-1: none) is always in sight."""
    between, before = f" {glyphs.dot} ", f"{glyphs.cut} "
    first = 0
    while first < chosen and sum(width(offer.shown) + 3 for offer in offers[first : chosen + 1]) > cells - 8:
        first += 1
    line: list[Span] = [(before, "dim")] if first else []
    left = cells - (len(before) if first else 0)
    for index, offer in enumerate(offers[first:], first):
        more = len(offers) - index - 1
        space = len(between) if index > first else 0
        room = left - space - (len(f" +{more}") if more else 0)
        if width(offer.shown) > room and index > first:
            line.append((f" +{more + 1}", "dim"))
            break
        text = fit(offer.shown, room, ellipsis=glyphs.cut)
        line += [(between[:space], "dim"), (text, "match" if index == chosen else "")]
        left -= space + width(text)
    return line
