"""Index of the runs below directories: found once, and kept up to date by the times of directories and files.

A directory whose change time is the same as before is not listed again, so that a second look at 10,000 runs costs one
`stat` for each directory and each file that a run writes to. Standard library only.
"""

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fttui.lean_typing import NamedTuple
from fttui.runs.formats import FORMATS
from fttui.runs.formats.base import Format, Reader, Source
from fttui.runs.formats.checkpoint_names import step_of
from fttui.runs.formats.peek import may_have_database
from fttui.runs.place import fixed_part, is_pattern
from fttui.text import clean_line

MOST_DIRECTORIES = 200_000
DEEPEST = 24
"""Levels below a root that are looked at."""
SETTLED_NS = 2_000_000_000
"""Nanoseconds after its last change from which on the change time of a directory says that nothing is new in it."""
_LOGS = frozenset({"runs", "logs", "log", "logging", "tb", "tensorboard", "tb_logs", "tblogs", "wandb", "events"})
"""Names of directories in which a trainer puts the logs of the run whose output is beside them."""
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "blobs", "snapshots"})
"""Names of directories that have no runs."""
_PER_FILE = frozenset({"csv", "jsonl", "log"})
"""Formats of which several files in one directory are several runs."""
_ALONE = "trainer_state"
"""Format that says that a directory is the output of one run."""

Signature = tuple[int, ...]
"""State of a run on the disk: change time of its directory in nanoseconds, then change time and size of each file that
it writes to; zeros for what is missing."""


class FoundRun(NamedTuple):
    """A run, as far as the names of its files say."""

    id: str
    """Path below the watched directories, cleaned; unique."""
    directory: str
    sources: tuple[Source, ...]


class Folder(NamedTuple):
    """A directory as it was listed."""

    changed: int
    """Its change time in nanoseconds."""
    is_settled: bool
    """The change time says whether it has changed since. Not when it was listed a moment after its change."""
    folders: tuple[str, ...]
    """Names of the directories in it that may have runs."""
    sources: tuple[Source, ...]


class Directory:
    """Runs below roots, which are directories, files or patterns."""

    def __init__(
        self, patterns: Sequence[str], formats: Sequence[Format] = FORMATS, *, most: int = MOST_DIRECTORIES
    ) -> None:
        """
        Args:
            most: greatest number of directories to look at.
        """
        # A path that exists now stays what it is when it is removed: `run[1]` does not become a pattern.
        self._roots = {path: is_pattern(path) for path in patterns}
        self._fixed = [fixed_part(path) for path in patterns]
        self._formats = tuple(formats)
        self._by_name = {format.name: format for format in formats}
        self._places = {format.name: place for place, format in enumerate(formats)}
        self._most = most
        self.folders: dict[str, Folder] = {}
        """Listed directories by path. May be filled from a file before the first refresh."""
        self.runs: dict[str, FoundRun] = {}
        """Runs by id."""
        self.problems: list[str] = []
        """Sentences about what could not be looked at."""
        self.is_cut = False
        """Some directories were left out, because there are too many."""
        self._made_from: tuple[object, ...] = ()

    @property
    def base(self) -> str:
        """Directory that ids are below: that of the only root, else the common one of all."""
        common = os.path.commonpath(self._fixed)
        is_file = len(self._roots) == 1 and not any(self._roots.values()) and os.path.isfile(common)
        return os.path.dirname(common) if is_file else common

    def refresh(self) -> bool:
        """Look for runs. Return True if the runs, or the places that they write to, have changed.

        Raises:
            OSError: a root that is no pattern cannot be listed.
        """
        walk = _Walk(self.folders, self._formats, self._most)
        for path, is_wild in self._roots.items():
            if is_wild:
                walk.add_matching(path)
            else:
                walk.add(path)
        walk.add_files()
        self.problems, self.is_cut = walk.sentences(), walk.is_cut
        made_from = tuple((path, owner, folder.sources) for path, owner, folder in walk.found)
        self.folders = walk.folders
        if made_from == self._made_from and self.runs:
            return False
        self._made_from = made_from
        self.runs = {run.id: run for run in self._named(walk.found)}
        return True

    def files(self, run: FoundRun) -> tuple[str, ...]:
        """Return the files that change when a run writes something."""
        return tuple(path for source in run.sources for path in self._by_name[source.format].watched(source))

    def readers(self, run: FoundRun) -> list[tuple[Source, Reader]]:
        """Return a reader at the start of each source of a run."""
        return [(source, self._by_name[source.format].reader(source)) for source in run.sources]

    def signature(self, run: FoundRun, files: Iterable[str]) -> Signature:
        """Return the state of a run and its files on the disk now."""
        found = [self.changed(run)]
        for path in files:
            try:
                status = os.stat(path)
            except OSError:
                found += (0, 0)
            else:
                found += (status.st_mtime_ns, status.st_size)
        return tuple(found)

    def changed(self, run: FoundRun) -> int:
        """Return the change time of the directory of a run at the last refresh; 0 if it was not listed."""
        folder = self.folders.get(run.directory)
        return folder.changed if folder is not None else 0

    def _named(self, found: Iterable[tuple[str, str, Folder]]) -> Iterator[FoundRun]:
        """Put the sources together by run, and give each run an id."""
        by_run: dict[tuple[str, str, str], list[Source]] = {}
        for path, owner, folder in found:
            for name, source in _keyed(folder.sources, is_owned=bool(owner)):
                # Each project of trackio is a store of its own, and names of runs repeat in them.
                store = source.path if source.key else ""
                by_run.setdefault((owner or path, name, store), []).append(source)
        base, ids = self.base, set[str]()
        start = base.rstrip("/") + "/"
        for key, sources in by_run.items():
            path, name, _ = key
            place = path.removeprefix(start) if path != base else "."
            whole = os.path.basename(path) or "/" if place == "." else place
            if name:
                whole = name if place == "." else f"{place}/{name}"
            id = clean_line(whole)
            if id != whole or not id or id in ids or _is_like_later(id):
                import hashlib  # late: few ids need a mark

                exact = "\0".join(key).encode("utf-8", "surrogatepass")
                id = f"{id}~{hashlib.blake2b(exact, digest_size=3).hexdigest()}"
            ids.add(id)
            if len(sources) > 1:
                sources.sort(key=lambda source: self._places[source.format])
            yield FoundRun(id, path, tuple(sources))


class _Walk:
    """One look at all directories. Directories that have not changed are taken from the last one."""

    def __init__(self, known: Mapping[str, Folder], formats: Sequence[Format], most: int) -> None:
        self._known = known
        self._formats = formats
        self._most = most
        self._now = time.time_ns()
        self._unreadable: list[str] = []
        self._unmatched: list[str] = []
        self._files: dict[str, dict[str, None]] = {}
        """Names of the files that are roots, by directory."""
        self._seen: set[tuple[int, int]] = set()
        self.is_cut = False
        self.folders: dict[str, Folder] = {}
        self.found: list[tuple[str, str, Folder]] = []
        """Path, output directory that owns its logs (may be empty), and content of each directory with sources."""

    def add(self, root: str) -> None:
        """Look at a root and everything below it. Symbolic links below it are not followed."""
        status = os.stat(root)
        if not stat.S_ISDIR(status.st_mode):
            directory, name = os.path.split(root)
            self._files.setdefault(directory, {})[name] = None
            return
        waiting = [(root, "", 0)]
        is_root = True
        while waiting:
            if len(self.folders) >= self._most:
                self.is_cut = True
                return
            path, owner, depth = waiting.pop()
            try:
                folder = self._folder(path)
            except OSError as error:
                if is_root:
                    raise
                self._leave_out(path, error)
                continue
            is_root = False
            if folder is None:
                continue
            if folder.sources:
                self.found.append((path, owner, folder))
            if depth >= DEEPEST:
                self.is_cut |= bool(folder.folders)
                continue
            if not folder.folders:
                continue
            is_output = any(source.format == _ALONE for source in folder.sources)
            start = path.rstrip("/") + "/"
            for name in folder.folders:
                inner = owner or (path if is_output and name.lower() in _LOGS else "")
                waiting.append((start + name, inner, depth + 1))

    def add_matching(self, pattern: str) -> None:
        """Look at all roots that a pattern means now. One that cannot be read, such as a dangling link, is left out."""
        import glob

        roots = sorted(glob.iglob(pattern))
        if not roots:
            self._unmatched.append(pattern)
        for root in roots:
            try:
                self.add(root)
            except OSError as error:
                self._leave_out(root, error)

    def add_files(self) -> None:
        """Look at the roots that are files, but not at those in a directory that was looked at."""
        for directory, names in self._files.items():
            if directory not in self.folders and (sources := self._sources(directory, list(names))):
                self.found.append((directory, "", Folder(0, False, (), sources)))

    def _leave_out(self, path: str, error: OSError) -> None:
        self._unreadable.append(f"{path} ({error.strerror or error})")

    def _folder(self, path: str) -> Folder | None:
        status = os.stat(path)
        place = (status.st_dev, status.st_ino)
        if place in self._seen:
            return None  # below two roots
        self._seen.add(place)
        known = self._known.get(path)
        if known is None or known.changed != status.st_mtime_ns or not known.is_settled:
            known = self._listed(path, status.st_mtime_ns)
        self.folders[path] = known
        return known

    def _listed(self, path: str, changed: int) -> Folder:
        names, folders = names_in(path)
        sources = self._sources(path, names)
        has_database = may_have_database(names)
        if has_database:
            from fttui.runs.formats import foreign_database

            for closed in foreign_database.closed_in(path, names):
                self._leave_out(closed, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        # A directory that changed a moment ago may change again within the resolution of its time, and new runs in a
        # database, which may be busy now, do not change it.
        is_settled = changed < self._now - SETTLED_NS and not has_database
        return Folder(changed, is_settled, tuple(name for name in folders if step_of(name) is None), sources)

    def _sources(self, path: str, names: Sequence[str]) -> tuple[Source, ...]:
        return tuple(source for format in self._formats for source in format.sources(path, names))

    def sentences(self) -> list[str]:
        """Return what could not be looked at."""
        found = [f"nothing matches {pattern}" for pattern in self._unmatched]
        if self._unreadable:
            more = f" and {len(self._unreadable) - 3} more" if len(self._unreadable) > 3 else ""
            found.append(f"cannot look into {', '.join(self._unreadable[:3])}{more}")
        if self.is_cut:
            found.append(f"more than {self._most:,} directories, or deeper than {DEEPEST}: the rest is left out")
        return found


def _is_like_later(id: str) -> bool:
    """Tell whether an id ends like that of a later training in the same files: with `@` and a number."""
    _, at, number = id.rpartition("@")
    return bool(at) and number.isdecimal()


def names_in(path: str) -> tuple[list[str], list[str]]:
    """Return the names in a directory, and those of the directories in it that may have runs."""
    names: list[str] = []
    folders: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            names.append(entry.name)
            # The hidden directories of a project are those of its tools.
            if entry.is_dir(follow_symlinks=False) and entry.name[0] != "." and entry.name not in _SKIPPED:
                folders.append(entry.name)
    return names, folders


def _keyed(sources: Sequence[Source], *, is_owned: bool) -> Iterator[tuple[str, Source]]:
    """Yield sources with the name of their run inside the directory, which is empty for the run of the directory."""
    if len(sources) == 1:
        yield sources[0].key, sources[0]
        return
    is_one = is_owned or any(source.format == _ALONE for source in sources)
    counted = [source.format for source in sources if source.format in _PER_FILE]
    several = not is_one and len(set(counted)) < len(counted)
    for source in sources:
        stem = os.path.splitext(os.path.basename(source.path))[0]
        yield source.key or (stem if several and source.format in _PER_FILE else ""), source
