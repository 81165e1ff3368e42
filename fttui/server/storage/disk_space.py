"""Free space of the disk, and a reserve for the moment when there is none."""

import errno
import os

from fttui import atomic

LEAST_FREE = 2 << 20
"""Free bytes below which the disk counts as full."""
RESERVE = 1 << 20
"""Bytes to reserve, so that the failure of a job can be stored on a full disk."""


class DiskSpace:
    """Disk of the service's home directory."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._reserve = os.path.join(home, "reserve")

    def is_full(self) -> bool:
        """Return whether the file system reports too little free space. It does not know about quotas."""
        try:
            found = os.statvfs(self._home)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < LEAST_FREE

    def keep_reserve(self) -> None:
        """Create the reserve file, unless free space is short."""
        try:
            found = os.statvfs(self._home)
            if not os.path.exists(self._reserve) and found.f_bavail * found.f_frsize > 4 * RESERVE:
                # Random bytes, because some file systems store zeros as nothing.
                atomic.write(self._reserve, os.urandom(RESERVE))
        except OSError:
            return

    def release_reserve(self) -> bool:
        """Delete the reserve file. Return whether there was one."""
        try:
            os.unlink(self._reserve)
        except OSError:
            return False
        return True


def is_disk_full(error: OSError) -> bool:
    """Return whether the error says that the disk or the user's quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
