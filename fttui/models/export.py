"""Exports of tuned models: by the embedded service, and as one file of a provider."""

from typing import NamedTuple, Self

from fttui.models import lenient


class ModelExport(NamedTuple):
    """Files that were written. Texts are clean."""

    directory: str
    files: tuple[str, ...]
    """Names in the directory."""
    base: str
    """Id of the base model."""
    source: str
    """Directory of the base model; empty for a model that is found by its id."""
    base_directory: str
    """Directory of the base model, also of one that is found by its id; empty when it is in none."""
    is_copy: bool
    """The model is as its trainer wrote it."""

    @classmethod
    def read(cls, raw: object) -> Self:
        """Decode a JSON value. Missing members are empty."""
        sent = lenient.mapping(raw)
        files = tuple(name for each in lenient.items(sent.get("files")) if (name := lenient.line(each)))
        names = ("directory", "base", "source", "base_directory")
        directory, base, source, base_directory = (lenient.line(sent.get(name)) for name in names)
        return cls(directory, files, base, source, base_directory, sent.get("is_copy") is True)


class Weights(NamedTuple):
    """Weights of a tuned model at its provider, in one file."""

    route: str
    """Path of the request for the file."""
    name: str
    """Name for the file on this disk."""
    size: int
    """Bytes."""
    base: str
    """Id of the base model."""
    version: str = ""
    """Entity tag of the file; empty if the provider sends none."""
