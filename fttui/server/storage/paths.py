"""Paths inside the service's home directory. A client's file name is never part of a path."""

import os

from fttui.server.storage.descriptions import Descriptions
from fttui.server.storage.file_operations import accept, remove
from fttui.server.storage.records import FileRecord, ModelRecord, PartRecord


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
        self.unknown = os.path.join(home, "unknown")
        """Contents that the database does not know, kept for the user."""
        copies = os.path.join(home, "copy")
        self.copy = os.path.join(copies, "service.db")
        """Copy of the database."""
        self.journal = os.path.join(copies, "journal")
        """Changes since the copy."""
        self.seal = os.path.join(copies, "seal")
        """Checksum of the database file after a service has closed it."""
        descriptions = os.path.join(home, "descriptions")
        for directory in (home, self.files, self.uploads, self.parts, self.jobs, copies, descriptions):
            os.makedirs(directory, mode=0o700, exist_ok=True)
        self.descriptions = Descriptions(descriptions)

    def use_version(self, version: int) -> None:
        """Use a database of its own for this version, beside the database of a newer program."""
        copies = os.path.join(self.home, f"copy-{version}")
        self.database = os.path.join(self.home, f"service-{version}.db")
        self.copy, self.journal = os.path.join(copies, "service.db"), os.path.join(copies, "journal")
        self.seal = os.path.join(copies, "seal")
        os.makedirs(copies, mode=0o700, exist_ok=True)

    def file(self, id: str) -> str:
        """Return the path of a file's content."""
        return os.path.join(self.files, id)

    def accept_file(self, file: FileRecord, received: str, checksum: int) -> None:
        """Give a received content its final name, and describe it. The caller stores the row, then removes `received`.

        Args:
            checksum: CRC-32 of the content.
        """
        self.descriptions.write(file, checksum, os.path.getsize(received))
        accept(received, self.file(file.id))

    def remove_file(self, id: str) -> None:
        """Remove a content and its description."""
        remove(self.file(id))
        self.descriptions.remove(id)

    def part(self, id: str) -> str:
        """Return the path of a part's content."""
        return os.path.join(self.parts, id)

    def accept_part(self, part: PartRecord, received: str, checksum: int) -> None:
        """Do the same as `accept_file` for a part."""
        self.descriptions.write(part, checksum, part.bytes)
        accept(received, self.part(part.id))

    def remove_part(self, id: str) -> None:
        """Remove the content of a part and its description."""
        remove(self.part(id))
        self.descriptions.remove(id)

    def job(self, id: str, root: str | None = None) -> str:
        """Return the path of a job's directory.

        Args:
            root: its parent; None for the one in the home directory.
        """
        return os.path.join(root or self.jobs, id)

    def model(self, model: ModelRecord) -> str:
        """Return the path of a model's file or directory."""
        return os.path.join(self.job(model.job, model.root), model.path)

    def tidy(self, file_ids: set[str], part_ids: set[str], *, is_complete: bool) -> list[str]:
        """Remove what a killed service had not accepted yet. Other contents that the database does not know are kept.

        Args:
            is_complete: False when the database may not know everything that was accepted: then nothing is removed.

        Returns:
            The new paths of the unknown contents.
        """
        received = set(os.listdir(self.uploads)) if is_complete else set()
        kept = []
        for directory, known in ((self.files, file_ids), (self.parts, part_ids)):
            for name in sorted(os.listdir(directory)):
                if name in known:
                    continue
                if name in received:  # `accept` had not finished
                    remove(os.path.join(directory, name))
                else:
                    kept.append(self._keep(os.path.join(directory, name)))
                    if os.path.exists(self.descriptions.path(name)):
                        self._keep(self.descriptions.path(name))
        for id in self.descriptions.ids():
            if not (os.path.exists(self.file(id)) or os.path.exists(self.part(id))):
                self.descriptions.remove(id)
        self.descriptions.tidy()
        for name in os.listdir(self.uploads):
            remove(os.path.join(self.uploads, name))
        for name in os.listdir(self.home):
            # Temporary files of interrupted writes. Other processes may be writing settings.json at this moment.
            if name.startswith(("service.json.", "reserve.")) and name.endswith(".new"):
                remove(os.path.join(self.home, name))
        return kept

    def _keep(self, path: str) -> str:
        os.makedirs(self.unknown, mode=0o700, exist_ok=True)
        wanted = kept = os.path.join(self.unknown, os.path.basename(path))
        count = 1
        while os.path.lexists(kept):
            count += 1
            kept = f"{wanted}-{count}"
        os.rename(path, kept)
        return kept
