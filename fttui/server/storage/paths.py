"""Paths inside the service's home directory. A client's file name is never part of a path."""

import os

from fttui.server.storage.file_operations import remove
from fttui.server.storage.records import ModelRecord


class HomePaths:
    """Directories and files of the home directory. Missing directories are created, for their owner only."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.database = os.path.join(home, "service.db")
        self.files = os.path.join(home, "files")
        self.uploads = os.path.join(home, "uploads")
        """Files and parts that are being received. Emptied at every start."""
        self.parts = os.path.join(home, "parts")
        """Parts of pending uploads."""
        self.jobs = os.path.join(home, "jobs")
        for directory in (home, self.files, self.uploads, self.parts, self.jobs):
            os.makedirs(directory, mode=0o700, exist_ok=True)

    def file(self, id: str) -> str:
        """Return the path of a file's content."""
        return os.path.join(self.files, id)

    def part(self, id: str) -> str:
        """Return the path of a part's content."""
        return os.path.join(self.parts, id)

    def job(self, id: str) -> str:
        """Return the path of a job's directory."""
        return os.path.join(self.jobs, id)

    def model(self, model: ModelRecord) -> str:
        """Return the path of a model's file or directory."""
        return os.path.join(self.job(model.job), model.path)

    def remove_unknown(self, file_ids: set[str], part_ids: set[str]) -> None:
        """Remove contents that are not in the database, which a killed service had not accepted yet."""
        for directory, known in ((self.uploads, set()), (self.files, file_ids), (self.parts, part_ids)):
            for name in os.listdir(directory):
                if name not in known:
                    remove(os.path.join(directory, name))
        for name in os.listdir(self.home):
            # Temporary files of interrupted writes. Other processes may be writing settings.json at this moment.
            if name.startswith(("service.json.", "reserve.")) and name.endswith(".new"):
                remove(os.path.join(self.home, name))
