"""What a field of the form may become: what the provider has, the words that a setting knows, paths. Pure, but for a
look into directories."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from fttui.models.file import File
from fttui.models.job import METHODS
from fttui.text import clean_line, fit, width
from fttui.ui.form import EFFORTS, NUMBERS
from fttui.ui.glyphs import Glyphs
from fttui.ui.rows import Line, Span, short_id


class Offer(NamedTuple):
    """One thing that a field may become."""

    text: str
    """What the field holds then."""
    shown: str
    """The same for a person, who knows files by their names."""


class Offers:
    """Answers for all fields, from what is known by now."""

    def __init__(self) -> None:
        self._models: list[Offer] = []
        self._files: list[Offer] = []

    def learn(self, models: Sequence[str], files: Sequence[File]) -> None:
        """What the provider has. Files go by name; the end of the id stands with it where several have the same."""
        many = Counter(file.filename for file in files)
        self._models = _words(models)
        self._files = [
            Offer(
                file.id,
                file.filename + (f" ({short_id(file.id)})" if many[file.filename] > 1 else "")
                if file.filename
                else file.id,
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
        """What a text may become: first what begins with it, then what has it somewhere; none for no text."""
        if not text:
            return []
        known = [offer for offer in self.all(name) if offer.text != text]
        found = [offer for offer in known if offer.text.startswith(text)]
        if name in ("grader", "training_file", "validation_file"):
            found = [Offer(path, _last(path)) for path in paths(text) if path != text] + found
        if name == "model" or name.endswith("_file"):
            part = text.casefold()
            found += [offer for offer in known if part in offer.shown.casefold() and offer not in found]
        return found


def _words(words: Sequence[str]) -> list[Offer]:
    return [Offer(word, word) for word in words]


def _last(path: str) -> str:
    """The last part of a path; a directory keeps its slash."""
    return path[path.rstrip(os.sep).rfind(os.sep) + 1 :]


def paths(text: str) -> list[str]:
    """The paths that `text` may become: directories, and files that can hold training data."""
    folder, _, start = text.rpartition(os.sep)
    try:
        with os.scandir(os.path.expanduser(folder + os.sep) if folder or text.startswith(os.sep) else ".") as found:
            names = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in found
                if entry.name.startswith(start)
                and (start.startswith(".") or not entry.name.startswith("."))
                and (entry.is_dir() or entry.name.endswith((".jsonl", ".json", ".txt")))
            )
    except (OSError, ValueError):
        return []
    head = text[: len(text) - len(start)]
    # A name that cannot be shown as it is could not be sent from a line of text either.
    return [head + name for name in names if clean_line(name) == name]


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
