"""Free space of the disk, and a reserve for the moment when there is none."""

import errno
import os
from contextlib import suppress

from fttui import atomic
from fttui.server.settings import LEAST_FREE

RESERVE = 1 << 20
"""Bytes to reserve, so that a service can start and a job can be paused on a full disk."""
LEAST_RESERVE = 128 << 10
"""Bytes that a service needs to start."""
BLOCKS = 16 << 10
"""Bytes for the name of a new file."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk or quota that is full, and of a limit for the size of files."""
FULL = "The disk is full: running jobs pause, and continue by themselves when there is room."


class DiskSpace:
    """Disk of a directory: the service's home directory, or one that it shares with an engine."""

    def __init__(self, home: str, *, claims: bool = True) -> None:
        """
        Args:
            claims: find quotas by claiming space for a moment.
        """
        self._home = home
        self._claims = claims
        self._reserve = os.path.join(home, "reserve")

    def of(self, root: str | None) -> "DiskSpace":
        """Return the disk of jobs whose directories are in `root`; None for those of the service."""
        # Claiming space on a network disk writes every block.
        return self if root is None else DiskSpace(root, claims=False)

    def is_full(self) -> bool:
        """Return whether the file system reports too little free space. It does not know about quotas."""
        free = self.free()
        return free is not None and free < LEAST_FREE

    def free(self) -> int | None:
        """Return the free bytes that the file system reports; None when it reports nothing."""
        directory = self._home
        while not os.path.isdir(directory) and directory != os.path.dirname(directory):
            directory = os.path.dirname(directory)  # it is made with the first job
        try:
            found = os.statvfs(directory)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize

    def has_room(self, size: int) -> bool:
        """Return whether `size` bytes can be written. They are claimed for a moment: a quota is not reported."""
        free = self.free()
        if free is not None and free < size:
            return False
        if not self._claims:
            return True
        path = os.path.join(self._home, f"reserve.{os.getpid()}.room.new")  # removed at the next start after a kill
        try:
            probe = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(probe, 0, size)
            return True
        except OSError as error:
            return not is_disk_full(error)  # some file systems cannot claim space
        finally:
            os.close(probe)
            os.unlink(path)

    def keep_reserve(self, *, at_end: bool = False) -> None:
        """Create the reserve file, unless free space is short.

        Args:
            at_end: the service ends: reserve what is free, so that the next service can start on a full disk.
        """
        free = self.free() or 0
        size = min(RESERVE, free - BLOCKS) if at_end else RESERVE
        if size < LEAST_RESERVE or not (at_end or free > 4 * RESERVE):
            return
        with suppress(OSError):
            if os.path.getsize(self._reserve) >= size:
                return
        with suppress(OSError):
            # Random bytes, because some file systems store zeros as nothing.
            atomic.write(self._reserve, os.urandom(size))

    def release_reserve(self) -> bool:
        """Delete the reserve file. Return whether there was one."""
        try:
            os.unlink(self._reserve)
        except OSError:
            return False
        return True


def is_disk_full(error: OSError) -> bool:
    """Return whether the error says that the disk or the user's quota is full, or a file larger than allowed."""
    return error.errno in NO_ROOM


def reason_of(error: BaseException, disk: DiskSpace | None = None) -> str:
    """Return the reason of a failure, without the class of the exception.

    Args:
        disk: the disk that a failed service uses. SQLite's own words do not tell that it is full.
    """
    if isinstance(error, OSError) and disk is not None and disk.is_full():
        return f"the disk is full: free some space ({reason_of(error)})"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    return str(error) or type(error).__name__
