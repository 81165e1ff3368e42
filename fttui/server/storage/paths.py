"""Where the service keeps things inside its home. Nothing is ever named after a client's file name."""

import errno
import os

from fttui.server.storage.records import ModelRecord

LEAST_ROOM = 2 << 20
"""Bytes; with less than this a disk is full for all that matters here."""
RESERVE = 1 << 20
"""Bytes kept back for the day when the disk is full, so that the database can still say so."""


class HomePaths:
    """The directories of a service's home, made owner-only when they are missing."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.database = os.path.join(home, "service.db")
        self.files = os.path.join(home, "files")
        self.uploads = os.path.join(home, "uploads")
        """Files on their way in; emptied at every start."""
        self.parts = os.path.join(home, "parts")
        """Parts of uploads that are still to be completed."""
        self.jobs = os.path.join(home, "jobs")
        for directory in (home, self.files, self.uploads, self.parts, self.jobs):
            os.makedirs(directory, mode=0o700, exist_ok=True)

    def file(self, id: str) -> str:
        """The content of the file with this id of ours."""
        return os.path.join(self.files, id)

    def part(self, id: str) -> str:
        """The content of the part with this id of ours."""
        return os.path.join(self.parts, id)

    def job(self, id: str) -> str:
        """The directory of the job with this id of ours."""
        return os.path.join(self.jobs, id)

    def model(self, model: ModelRecord) -> str:
        """A model's file or directory."""
        return os.path.join(self.job(model.job), model.path)

    def keep_reserve(self) -> None:
        """Keep some room back, unless there is none to spare."""
        path = os.path.join(self.home, "reserve")
        try:
            found = os.statvfs(self.home)
            if not os.path.exists(path) and found.f_bavail * found.f_frsize > 4 * RESERVE:
                write_durably(path, os.urandom(RESERVE))  # not zeros, which some disks store as nothing
        except OSError:
            return

    def give_reserve(self) -> bool:
        """Give the room that was kept back to whoever needs it now; whether there was some."""
        try:
            os.unlink(os.path.join(self.home, "reserve"))
        except OSError:
            return False
        return True

    def is_full(self) -> bool:
        """Whether the disk has no room left, as far as it tells."""
        try:
            found = os.statvfs(self.home)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < LEAST_ROOM

    def sweep(self, file_ids: set[str], part_ids: set[str]) -> None:
        """Remove what a killed service left half done: uploads, and contents that were never accepted."""
        for directory, kept in ((self.uploads, set()), (self.files, file_ids), (self.parts, part_ids)):
            for name in os.listdir(directory):
                if name not in kept:
                    remove(os.path.join(directory, name))


def is_no_room(error: OSError) -> bool:
    """Return whether the error says that the disk or the user's quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def remove(path: str) -> None:
    """Remove a file or a directory with all it holds; one that is gone already is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            remove(os.path.join(path, name))
        os.rmdir(path)
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def link(source: str, target: str) -> None:
    """Make `target` the same file or directory tree as `source`, sharing its blocks where the disk can.

    Shared files are never written to by either side, so neither notices the other. What is at `target`
    already is left as it is.
    """
    if os.path.isdir(source):
        os.makedirs(target, mode=0o700, exist_ok=True)
        for name in os.listdir(source):
            link(os.path.join(source, name), os.path.join(target, name))
        return
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    import shutil  # late: only where links do not work

    shutil.copyfile(source, target + ".new")
    os.replace(target + ".new", target)


def write_durably(path: str, data: bytes) -> None:
    """Replace a file in one step; when this returns, it outlives a power cut."""
    beside = path + ".new"
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)
    os.replace(beside, path)
    sync_directory(os.path.dirname(path))


def sync_directory(path: str) -> None:
    """Make the names in a directory outlive a power cut."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
