"""Runs below the working directory, which an empty list offers to watch."""

import os

from fttui.runs.directory import Directory
from fttui.runs.formats import BY_NAME

MOST_DIRECTORIES = 500
"""Most directories in which runs are looked for."""
_OF_TESTS = frozenset({"test", "tests", "testing", "testdata", "test_data", "test-data", "fixtures"})
"""Names of directories with data of tests. Runs in them are no training of the user."""


def has_runs() -> bool:
    """Tell whether names of files tell of a run that is no data of a test. False for an unreadable working directory.

    No file is opened, because a directory of data may have many large ones. Thus `:runs` may find more of them.
    """
    try:
        top = os.getcwd()
        index = Directory([top], BY_NAME, most=MOST_DIRECTORIES)
        index.refresh()
    except OSError:
        return False
    places = (os.path.relpath(run.directory, top).lower().split(os.sep) for run in index.runs.values())
    return any(_OF_TESTS.isdisjoint(place) for place in places)
