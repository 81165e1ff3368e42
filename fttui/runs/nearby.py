"""Number of runs below the working directory, which an empty list offers to watch."""

import os

from fttui.runs.directory import Directory
from fttui.runs.formats import BY_NAME

MOST_DIRECTORIES = 500
"""Most directories in which runs are looked for."""


def count_runs() -> int:
    """Return the number of runs that the names of files tell; 0 if the working directory cannot be read.

    No file is opened, because a directory of data may have many large ones.
    """
    try:
        index = Directory([os.getcwd()], BY_NAME, most=MOST_DIRECTORIES)
        index.refresh()
    except OSError:
        return 0
    return len(index.runs)
