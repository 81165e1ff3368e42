"""Watched directories: their runs as jobs, the logs of runs, and what is remembered between two starts.

All methods may be called in threads. Nothing is written below the directories: the memory is a file of the caller's.
"""

import contextlib
import itertools
import json
import math
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fttui import atomic
from fttui.runs.directory import Directory, Folder, FoundRun, Signature
from fttui.runs.formats import FORMATS
from fttui.runs.formats.base import Format, Reader, Source
from fttui.runs.job import Raw, changed_at, first_change, job_of, sent_of, started_at
from fttui.runs.log import RunLog

MOST_LOGS = 48
"""Logs that are kept in memory. Others are read from their start again when they are asked for."""
MOST_UNFINISHED = 8
"""Logs of one page that are read on though their files have not changed. The next look reads the others."""
SAVE_EVERY = 30.0
"""Least seconds between two writes of the memory."""
_VERSION = 2


class Job(NamedTuple):
    """A run as a job."""

    job: Raw
    """In the shape of OpenAI's API."""
    sent: Raw
    """What was read of it."""


class _Known(NamedTuple):
    """Facts about a run as they were read."""

    signature: Signature
    files: tuple[str, ...]
    """What the run writes to."""
    facts: dict[str, Any]
    is_whole: bool
    """Its files were read to their end."""
    training: int = 1
    """Number of the training in these files. A later one that replaces them is a job of its own."""
    first: tuple[int, dict[str, float]] | None = None
    """First step of this training, by which it is recognised."""


class _Log:
    """A log with the lock of its readers."""

    def __init__(self, run: FoundRun, readers: Sequence[tuple[Source, Reader]]) -> None:
        self.log = RunLog(run, readers)
        self.lock = threading.Lock()


class Watched:
    """Runs below some directories."""

    def __init__(self, patterns: Sequence[str], memory: str = "", formats: Sequence[Format] = FORMATS) -> None:
        """
        Args:
            patterns: directories, files and patterns.
            memory: file that remembers directories and facts about runs; none if empty.
        """
        self._directory = Directory(patterns, formats)
        self._memory = memory
        self._known: dict[str, _Known] = {}
        self._signatures: dict[str, Signature] = {}
        self._logs: dict[str, _Log] = {}
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._lock = threading.RLock()
        self._is_loaded = not memory
        self._is_changed = False
        self._saved_at = -math.inf

    @property
    def problems(self) -> list[str]:
        """Sentences about what could not be looked at."""
        return list(self._directory.problems)

    def page(self, after: str | None, limit: int, now: float) -> tuple[list[Job], bool]:
        """Return jobs in the order of the list, newest first, and whether there are more.

        Args:
            after: id of the last job of the page before. None looks at the directories again.

        Raises:
            OSError: a directory cannot be read.
        """
        with self._lock:
            if after is None or not self._order:
                self.refresh()
            start = 0 if after is None else self._places.get(self._run_id(after), len(self._order)) + 1
            ids = self._order[start : start + limit]
            unfinished = self._unfinished(ids)
            found = [self._job(id, now, reads_on=id in unfinished) for id in ids]
            if self._is_changed and now - self._saved_at >= SAVE_EVERY:
                self._saved_at = now
                self.save()
            return found, start + limit < len(self._order)

    def refresh(self) -> None:
        """Look at the directories again.

        Raises:
            OSError: a directory cannot be read.
        """
        with self._lock:
            self._load()
            before = self._directory.folders
            if self._directory.refresh():
                self._is_changed |= self._directory.folders != before
                for id in self._known.keys() - self._directory.runs.keys():
                    del self._known[id]
            self._signatures = {id: self._signature(run) for id, run in self._directory.runs.items()}
            self._order = sorted(self._signatures, key=self._place, reverse=True)
            self._places = {id: place for place, id in enumerate(self._order)}

    def job(self, id: str, now: float) -> Job | None:
        """Return one job as it is now; None for an unknown one.

        Raises:
            OSError: a directory cannot be read.
        """
        with self._lock:
            if (run := self._run(id)) is None:
                return None
            self._signatures[run.id] = self._signature(run)
            found = self._job(run.id, now, reads_on=True)
            return found if found.job["id"] == id else None

    def log(self, id: str) -> RunLog | None:
        """Return the log of a run, read to the end of its files; None for an unknown run.

        Raises:
            OSError: a directory cannot be read.
        """
        with self._lock:
            if (run := self._run(id)) is None:
                return None
            held = self._held(run)
            files = self._directory.files(run)
            mark = self._directory.signature(run, files)
        with held.lock:
            held.log.read_all()
            known = _read(held.log, self._known.get(run.id), mark, files)
        with self._lock:
            self._signatures[run.id] = mark
            self._learn(run.id, known)
            return held.log if self._job_id(run.id) == id else None

    def _run(self, id: str) -> FoundRun | None:
        """Return the run of a job. Looks at the directories if nobody did."""
        if not self._order:
            self.refresh()
        return self._directory.runs.get(self._run_id(id))

    def save(self) -> None:
        """Write the memory. It is only a memory, so that a failure does not matter."""
        with self._lock:
            if not self._memory or not self._is_changed:
                return
            content = {"version": _VERSION, "folders": self._directory.folders, "runs": self._known}
            with contextlib.suppress(OSError, ValueError):
                atomic.write(self._memory, json.dumps(content, default=str).encode(), sync=False)
            self._is_changed = False

    # Parts

    def _signature(self, run: FoundRun) -> Signature:
        return self._directory.signature(run, self._files(run))

    def _files(self, run: FoundRun) -> tuple[str, ...]:
        """Return what a run writes to. It is looked up again when its directory has changed."""
        known = self._known.get(run.id)
        if known is not None and known.signature[0] == self._directory.changed(run):
            return known.files
        return self._directory.files(run)

    def _place(self, id: str) -> tuple[float, str]:
        """Return the key by which the list is sorted: the start of a run, before it was read its last change."""
        known = self._known.get(id)
        started = started_at(known.facts) if known is not None else None
        return float(started or changed_at(self._signatures[id])), id

    def _unfinished(self, ids: Iterable[str]) -> set[str]:
        """Return some of the runs that have not changed and whose files were not read to their end."""
        behind = (id for id in ids if (known := self._known.get(id)) is not None and not known.is_whole)
        return set(itertools.islice(behind, MOST_UNFINISHED))

    def _job(self, id: str, now: float, *, reads_on: bool) -> Job:
        run = self._directory.runs[id]
        known = self._known.get(id)
        if known is None or known.signature != self._signatures[id] or (reads_on and not known.is_whole):
            # A change may be a new file, which grows from now on.
            held, files = self._held(run), self._directory.files(run)
            mark = self._signatures[id] = self._directory.signature(run, files)
            # While a large log is being read, what was known before is enough for the list.
            if held.lock.acquire(blocking=known is None):
                try:
                    held.log.read()
                    known = _read(held.log, known, mark, files)
                finally:
                    held.lock.release()
                self._learn(id, known)
        facts, run = known.facts if known is not None else {}, run._replace(id=self._job_id(id))
        return Job(job_of(run, facts, changed_at(self._signatures[id]), now), sent_of(run, facts))

    def _job_id(self, id: str) -> str:
        """Return the id of the job of a run: its own, with a number from the second training in the same files on."""
        known = self._known.get(id)
        return id if known is None or known.training == 1 else f"{id}@{known.training}"

    def _run_id(self, job: str) -> str:
        """Return the id of the run of a job."""
        id, at, number = job.rpartition("@")
        return id if at and number.isdecimal() and id in self._directory.runs else job

    def _held(self, run: FoundRun) -> _Log:
        held = self._logs.pop(run.id, None)
        if held is None or held.log.run != run:
            held = _Log(run, self._directory.readers(run))
        self._logs[run.id] = held
        if len(self._logs) > MOST_LOGS:
            del self._logs[next(iter(self._logs))]
        return held

    def _learn(self, id: str, known: _Known) -> None:
        if self._known.get(id) != known:
            self._known[id] = known
            self._is_changed = True

    def _load(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        try:
            with open(self._memory, "rb") as file:
                content = json.loads(file.read())
            if content["version"] != _VERSION:
                return
            folders = {
                path: Folder(int(changed), bool(settled), tuple(names), tuple(Source(*each) for each in sources))
                for path, (changed, settled, names, sources) in content["folders"].items()
            }
            known = {
                id: _Known(
                    tuple(mark),
                    tuple(files),
                    dict(facts),
                    bool(is_whole),
                    int(training),
                    (int(first[0]), dict(first[1])) if first is not None else None,
                )
                for id, (mark, files, facts, is_whole, training, first) in content["runs"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return  # it is read from the directories again
        self._directory.folders, self._known = folders, known


def _read(log: RunLog, before: _Known | None, mark: Signature, files: tuple[str, ...]) -> _Known:
    """Return what is known of a run after its log was read."""
    training, first = (before.training, before.first) if before is not None else (1, None)
    if first is not None and log.is_another(*first):
        training, first, before = training + 1, None, None
        seen_at = changed_at(mark)  # the files are older than this training
    else:
        seen_at = first_change(mark)
    if before is not None:  # appending to a file changes its time, but not when the run began
        seen_at = min(seen_at, before.facts.get("seen_at") or seen_at)
    return _Known(mark, files, {**log.facts, "seen_at": seen_at}, not log.has_more, training, first or log.first)


def memory_file(directory: str, url: str) -> str:
    """Return the path of the memory of a place in a directory of fttui's own."""
    import hashlib

    return os.path.join(directory, hashlib.blake2b(url.encode(), digest_size=8).hexdigest() + ".json")
