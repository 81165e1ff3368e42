"""Prompts to try a model with: of a job's validation file, else of its training file, or of a file on the disk."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fttui.api.errors import ApiError
from fttui.data.line_reader import LineReader
from fttui.data.prompts import Prompt, prompts_in
from fttui.models.file import File
from fttui.models.job import Job

MOST_LOCAL, MOST_HOSTED = 2000, 100
"""Lines of a job's file that are read from the embedded service, and from a provider."""


class FileApi(Protocol):
    """Requests that read a job's file."""

    async def get_file(self, id: str) -> File: ...
    async def file_lines(self, id: str, most: int) -> list[bytes]: ...


class PromptList(NamedTuple):
    """Prompts of one file."""

    prompts: Sequence[Prompt] = ()
    file: str = ""
    """Name of the file."""
    is_training: bool = False
    """The prompts are examples that the model has learned."""
    has_more: bool = False
    """The file has more lines than were read."""
    trouble: str = ""
    """Reason why there are no prompts; empty if there are some."""

    def where(self, prompt: Prompt) -> str:
        """Return the place of a prompt: `line 3 of support-valid.jsonl`."""
        return f"line {prompt.line} of {self.file}" if prompt.line else ""


async def job_prompts(api: FileApi, job: Job, *, is_local: bool) -> PromptList:
    """Read the prompts of a job from the provider. Failures are returned."""
    files = [(job.validation_file, False), (job.training_file, True)]
    most = MOST_LOCAL if is_local else MOST_HOSTED
    trouble = "The job has no file that can be read."
    for id, is_training in files:
        if not id:
            continue
        try:
            lines = await api.file_lines(id, most + 1)
            name = (await api.get_file(id)).filename or id
        except ApiError as error:
            trouble = f"{id} cannot be read: {error}"
            continue
        if prompts := prompts_in(enumerate(lines[:most], 1), most):
            return PromptList(prompts, name, is_training, has_more=len(lines) > most)
        trouble = f"{name} has no prompts."
    return PromptList(trouble=trouble)


def disk_prompts(path: str, most: int) -> list[Prompt]:
    """Read the first prompts of a file on the disk, also a compressed one.

    Raises:
        OSError: the file cannot be read.
    """
    return prompts_in(LineReader(path).lines(), most)
