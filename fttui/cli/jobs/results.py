"""Download of result files for `jobs create --wait --results`."""

import os
import re
from typing import TYPE_CHECKING

from fttui.cli.files.download import save
from fttui.cli.output import say

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.job import Job


async def download(client: "Client", job: "Job", folder: str) -> None:
    """Write a job's result files into `folder`, named by job and file id; tables are written as CSV.

    Raises:
        ApiError: a file cannot be fetched.
        OSError: a file cannot be written.
    """
    from fttui.models.metric import result_csv

    if not job.result_files:
        say(f"{job.id} has no result files")
        return
    os.makedirs(folder, exist_ok=True)
    for file in job.result_files:
        content = await client.file_content(file)
        try:
            content, ending = result_csv(content), ".csv"
        except ValueError:
            ending = ""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{job.id}-{file}").lstrip(".") + ending
        save(content, os.path.join(folder, name), overwrite=True)
