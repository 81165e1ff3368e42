"""Addresses of the files of Vertex AI: objects in a bucket of Cloud Storage. No requests are sent here."""

import os
from urllib.parse import quote

from fttui.api.error_mapping import UNKNOWN_ROUTE
from fttui.api.errors import NotFound
from fttui.api.providers.base import Provider

FOLDER = "fttui"
"""Start of the names of uploaded files. A random part keeps files of one name apart."""


class Bucket:
    """Bucket of a profile. Ids of its files are addresses, `gs://BUCKET/NAME`."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def name(self) -> str:
        """Name of the bucket.

        Raises:
            NotFound: the profile has none.
        """
        if not self._provider.bucket:
            how = 'set bucket = "…" in the profile, or name the data by its address, gs://…'
            raise NotFound(f"Vertex has no files: {how}", status=404, code=UNKNOWN_ROUTE)
        return self._provider.bucket

    @property
    def files(self) -> str:
        """URL of the list of files."""
        return f"{self._provider.storage_url}/storage/v1/b/{quote(self.name, safe='')}/o"

    def file(self, id: str) -> str:
        """Return the URL of a file.

        Raises:
            NotFound: the file is in another bucket.
        """
        place = id.removeprefix(f"gs://{self.name}/")
        if place == id or not place:
            raise NotFound(f"{id} is not in the bucket {self.name}", status=404, code="file_not_found")
        return f"{self.files}/{quote(place, safe='')}"

    def new_file(self, path: str) -> str:
        """Return the URL for the upload of a file on the disk."""
        name = f"{FOLDER}/{os.urandom(4).hex()}/{os.path.basename(path)}"
        url = f"{self._provider.storage_url}/upload/storage/v1/b/{quote(self.name, safe='')}/o"
        return f"{url}?uploadType=media&name={quote(name, safe='')}"
