"""Account whose jobs are in an archive, and the environment of a cockpit that shows them."""

import asyncio
import compileall
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fttui
from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import ListState
from tests.benchmarks.support.pages import job
from tests.benchmarks.support.processes import environment, serving
from tests.benchmarks.support.pty import TERMINAL
from tests.support.store_fakes import entry

AT_ONCE = 5000
"""Jobs written at once."""
LOGS_READ = 1000
"""Newest jobs whose logs are read, as after an hour of use. The cockpit reads no more of them by itself."""


@contextmanager
def archived_account(jobs: int, *options: str) -> Iterator[dict[str, str]]:
    """Serve an account whose jobs are in an archive. Yields the environment of a cockpit that shows them.

    Args:
        options: of the server.
    """
    # A start that compiles is another matter, and an installed program does not.
    compileall.compile_dir(os.path.dirname(fttui.__file__), quiet=2)
    server = serving("tests.benchmarks.support.pages", jobs, "--running", jobs, *options)
    with tempfile.TemporaryDirectory(prefix="ft-bench-") as folder, server as url:
        config = Path(folder, "config.toml")
        config.write_text(f'profile = "bench"\ninterval = 2\n[profiles.bench]\nbase_url = "{url}"\n')
        asyncio.run(_fill(folder, jobs))
        yield environment(folder, FTTUI_CONFIG=str(config), TEXTUAL_ANIMATIONS="none", **TERMINAL)


async def _fill(folder: str, jobs: int) -> None:
    archive = Archive(os.path.join(folder, "archive.db"), "bench")
    for first in range(jobs, 0, -AT_ONCE):
        numbers = range(first, max(0, first - AT_ONCE), -1)
        await archive.jobs.save([entry(job(number, jobs)) for number in numbers], time.time())
    for number in range(max(1, jobs - LOGS_READ), jobs):
        await archive.events.append(f"ftjob-{number:024d}", [], joined=False, cursor=None)
    await archive.jobs.save_list_state(ListState(time.time() - 60, True, None, time.time()))
    await archive.close()
