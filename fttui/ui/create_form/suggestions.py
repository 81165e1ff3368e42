"""Suggestions for the fields of the create form: models, files, known words, paths.

Directories are read in a thread, so a slow disk delays no key. Everything else is pure.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from fttui.clock import age
from fttui.core.samples import SAMPLE_JOB
from fttui.models.file import File, Model
from fttui.models.job import METHODS, Job
from fttui.models.row import short_id
from fttui.text import clean_line, size_words
from fttui.ui.create_form.fields import EFFORTS
from fttui.ui.render.rows import loss_cell

PATHS = ("grader", "training_file", "validation_file")
"""Fields that accept paths."""
DATA = ("training_file", "validation_file")
PROVIDED = ("model", *DATA)
"""Fields that accept models and files of the provider."""
PATIENCE = 0.2
"""Seconds that a key waits for a list that is still being fetched or read."""
FRESH = 2.0
"""Seconds that the names in a directory are reused."""
MOST_FILES = 500
"""Uploaded files in the list, the newest."""
_DATA_ENDS = (".jsonl", ".json", ".txt")


class Suggestion(NamedTuple):
    """One possible text of a field."""

    text: str
    shown: str
    """Text for the user, who knows files by name."""
    kind: str = ""
    """`base`, `tuned` or `checkpoint`; the size of a file."""
    source: str = ""
    """Where it comes from, and when."""
    id: str = ""
    """End of the id of an uploaded file."""
    is_path: bool = False
    about: str = ""
    """Sentence that takes the rest of the row."""
    is_open: bool = False
    """More has to follow the text, such as the value after the name of a setting."""

    @property
    def is_directory(self) -> bool:
        return self.is_path and self.text.endswith(os.sep)


class Found(NamedTuple):
    """One name in a directory; that of a directory ends with a slash."""

    name: str
    size: int = 0
    changed_at: float = 0.0


class Known(NamedTuple):
    """Objects that the provider and the job list know."""

    models: Sequence[Model] = ()
    files: Sequence[File] = ()
    jobs: Sequence[Job] = ()
    """Newest first."""
    best: Mapping[str, float] = {}
    """Best validation loss by tuned model."""
    now: float = 0.0
    profile: str = ""
    is_local: bool = False


class Suggestions:
    """Suggestions by field, from the models, files and directories known so far."""

    def __init__(self, read: Callable[[str], list[Found]] | None = None, *, methods: tuple[str, ...] = METHODS) -> None:
        """
        Args:
            read: replaces `names_in`.
            methods: methods of the provider.
        """
        self._methods = methods
        self._models: list[Suggestion] = []
        self._files: list[Suggestion] = []
        self._used: dict[str, float] = {}
        self._now = 0.0
        self._read = read or names_in
        self._directories: dict[str, tuple[float, list[Found]]] = {}
        """Time of the read, and names, by directory."""
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._has_learned = asyncio.Event()
        self.settings: Callable[[str], list[Suggestion]] = lambda text: []
        """Returns the suggestions for the field of settings."""

    @property
    def has_learned(self) -> bool:
        """The lists of the provider are known."""
        return self._has_learned.is_set()

    def learn(self, known: Known) -> None:
        """Set what the provider and the job list know. Used models and files come first, the newest first."""
        self._has_learned.set()
        self._now = known.now
        self._used = _times(known.jobs, lambda job: (job.training_file, job.validation_file))
        self._models = _models(known)
        files = sorted(known.files, key=lambda file: -(file.created_at or 0.0))[:MOST_FILES]
        files.sort(key=lambda file: -self._used.get(file.id, 0.0))
        self._files = [self._file(file) for file in files]

    def _file(self, file: File) -> Suggestion:
        used, made = self._used.get(file.id), file.created_at
        source = "uploaded"
        if used is not None:
            source = f"used {age(self._now - used)} ago"
        elif made is not None:
            source = f"uploaded {age(self._now - made)} ago"
        return Suggestion(file.id, file.filename or file.id, size_words(file.bytes), source, short_id(file.id))

    # Lists

    def of(self, name: str, text: str) -> list[Suggestion]:
        """Return the suggestions for a typed text: those that begin with it, then those that contain it.

        All of them are returned for an empty text. Hidden names are returned only after a typed dot.
        """
        if name == "more":
            return self.settings(text)
        if name not in PATHS:
            return _matching(self._provided(name), text)
        directory, part = directory_of(text), text[text.rfind(os.sep) + 1 :]
        head = text[: len(text) - len(part)]
        _, names = self._directories.get(directory, (0.0, []))
        if not text:
            names = [found for found in names if found.name.endswith(".jsonl")]
        paths = [self._path(head, found) for found in names if part.startswith(".") or not found.name.startswith(".")]
        if head:
            return _matching(paths, part, skip=len(head))
        provided = self._provided(name)
        return _matching(paths, text) + _matching(provided, text) if text else provided + paths

    def _provided(self, name: str) -> list[Suggestion]:
        if name == "method":
            return _words(self._methods)
        if name == "reasoning_effort":
            return _words(EFFORTS)
        if name == "model":
            return self._models
        return self._files if name in DATA else []

    def _path(self, head: str, found: Found) -> Suggestion:
        path = head + found.name
        if found.name.endswith(os.sep):
            return Suggestion(path, path, "folder", "", "", True)
        return Suggestion(
            path, path, size_words(found.size), f"here, {age(self._now - found.changed_at)} old", "", True
        )

    def has_list(self, name: str) -> bool:
        """Return True for a field with suggestions."""
        return name in PATHS or name in ("model", "method", "reasoning_effort", "more")

    def exact(self, name: str, text: str) -> Suggestion | None:
        """Return the model or the uploaded file that a text names."""
        return next((each for each in self._provided(name) if each.text == text), None)

    def nearest(self, text: str) -> str:
        """Return the model whose name is most like a text; empty when none is."""
        from difflib import get_close_matches

        names = {each.text.casefold(): each.text for each in self._models}
        near = get_close_matches(text.casefold(), list(names), 1)
        return names[near[0]] if near else ""

    @property
    def models(self) -> list[str]:
        """Names of the models that the provider lists."""
        return [each.text for each in self._models]

    def completed(self, name: str, text: str) -> str | None:
        """Return the text that `→` accepts; None without a suggestion.

        Paths are completed up to their common prefix, as in a shell.
        """
        suggestions = [each for each in self.of(name, text) if each.text != text] if text else []
        if not suggestions:
            return None
        found = [each.text for each in suggestions if each.is_path and each.text.startswith(text)]
        common = os.path.commonprefix(found)  # noqa: RUF071  (by character, not by path)
        return common if len(common) > len(text) else suggestions[0].text

    # Waiting

    async def complete(self, name: str, text: str) -> str | None:
        """Wait as `look` does, then return `completed`."""
        await self.look(name, text)
        return self.completed(name, text)

    async def look(self, name: str, text: str) -> bool:
        """Wait at most `PATIENCE` for the provider's lists, or for the directory of a path.

        Returns:
            True when the names in the directory are fresh.
        """
        if name in PROVIDED and os.sep not in text and not self.has_learned:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_learned.wait(), PATIENCE)
        if name not in PATHS:
            return True
        directory, now = directory_of(text), asyncio.get_running_loop().time()
        if directory in self._directories and now < self._directories[directory][0] + FRESH:
            return True
        if directory not in self._reading:
            self._reading[directory] = asyncio.create_task(self._read_directory(directory))
        await asyncio.wait({self._reading[directory]}, timeout=PATIENCE)
        return directory not in self._reading

    def forget_directories(self) -> None:
        """Read directories again before their names are used."""
        self._directories.clear()

    async def _read_directory(self, directory: str) -> None:
        try:
            names = await asyncio.to_thread(self._read, directory)
            self._directories[directory] = (asyncio.get_running_loop().time(), names)
        finally:
            del self._reading[directory]


def _matching(suggestions: Iterable[Suggestion], text: str, *, skip: int = 0) -> list[Suggestion]:
    """Return the suggestions that begin with `text`, then those that contain it, in any case.

    Args:
        skip: characters of the text shown that are not searched.
    """
    part = text.casefold()

    def rank(each: Suggestion) -> int:
        texts = (each.shown[skip:].casefold(), each.text[skip:].casefold())
        if any(one.startswith(part) for one in texts):
            return 0
        return 1 if any(part in one for one in texts) else 2

    ranked = [(rank(each), each) for each in suggestions]
    return [each for place, each in sorted(ranked, key=lambda pair: pair[0]) if place < 2]


def _words(words: Sequence[str]) -> list[Suggestion]:
    return [Suggestion(word, word) for word in words]


def _times(
    jobs: Iterable[Job],
    names: Callable[[Job], Iterable[str]],
    at: Callable[[Job], float | None] = lambda job: job.created_at,
) -> dict[str, float]:
    """Return the time of the newest job with each name: when it was created, unless `at` returns another one."""
    times: dict[str, float] = {}
    for job in jobs:
        for name in filter(None, names(job)):
            times.setdefault(name, at(job) or 0.0)
    return times


def _models(known: Known) -> list[Suggestion]:
    """Return models that jobs have used, then base models, tuned models, and checkpoints.

    A used model that the provider does not list may still be trained; the local service lists all of its models.
    """
    used = _times(known.jobs, lambda job: (job.model,))
    listed = {model.id: model for model in known.models}
    made = _times(known.jobs, lambda job: (job.fine_tuned_model,), at=lambda job: job.finished_at or job.created_at)
    names = [*listed, *(name for name in used if name not in listed and not known.is_local)]
    names.sort(key=lambda name: (-used.get(name, 0.0), _model_order(name)))

    def source(name: str) -> str:
        at = made.get(name) or (listed[name].created_at if name in listed else None)
        if _model_order(name) and at:
            best = f", best {loss_cell(known.best[name])}" if name in known.best else ""
            return f"tuned {age(known.now - at)} ago{best}"
        if name not in listed:
            return f"used {age(known.now - used[name])} ago"
        if known.is_local:
            return _local_source(listed[name])
        return f"listed by {known.profile}"

    return [Suggestion(name, name, _KINDS[_model_order(name)], source(name)) for name in names]


def _local_source(model: Model) -> str:
    """Return where a base model of the embedded service comes from."""
    size = f", {size_words(model.size)}" if model.size is not None else ""
    match model.source:
        case "cached":
            return f"cached here{size}"
        case "settings" if model.trainer == _ANY_MODEL:
            return f"[local] models{size}"
        case "settings":
            return f"of your trainer {model.trainer}"
    return "in the box" if model.source or model.id == SAMPLE_JOB["model"] else "of your trainers"


_ANY_MODEL = "hf"
"""Trainer in the box that takes directories and any id of the hub."""
_KINDS = ("base", "tuned", "checkpoint")


def _model_order(model: str) -> int:
    """Sort base models before tuned models, and these before their checkpoints. Azure writes `gpt-4o.ft-…`."""
    is_tuned = model.startswith("ft:") or ".ft-" in model
    return 0 if not is_tuned else 2 if ":ckpt-" in model else 1


def directory_of(text: str) -> str:
    """Return the directory that contains the last part of a path."""
    directory, slash, _ = text.rpartition(os.sep)
    return os.path.expanduser(directory + os.sep) if slash else "."


def names_in(directory: str) -> list[Found]:
    """Return directories, with a slash, and files that may hold training data, sorted.

    A directory that cannot be read has none. A name with control characters cannot be typed into a field either.
    """
    names = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if clean_line(entry.name) != entry.name:
                    continue
                if entry.is_dir():
                    names.append(Found(entry.name + os.sep))
                elif entry.name.endswith(_DATA_ENDS):
                    with suppress(OSError):
                        facts = entry.stat()
                        names.append(Found(entry.name, facts.st_size, facts.st_mtime))
    except (OSError, ValueError):
        return []
    return sorted(names)
