"""Process of a sampler or an exporter: JSON lines to and from it, and the end of its error output."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fttui.text import clean_line

LONGEST_LINE = 1 << 20
"""Bytes of the longest line that such a program may write."""
EXIT_SECONDS = 2.0
"""Seconds for a process to exit after it has closed its output, so that its own exit code is seen."""
_KEPT_OUTPUT = 4096
"""Bytes of the error output that are kept, to name the reason for the end of the process."""
_LONGEST_REASON = 300

log = logging.getLogger("fttui.server")


class LineProcess:
    """A running program, in a session of its own and with a lower priority, like a trainer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._is_killed = False
        self._is_exiting = False
        """True once the process has closed its output."""
        self._errors = bytearray()
        self._reading = asyncio.create_task(self._read_errors())

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str]) -> "LineProcess":
        """Start the process.

        Args:
            environment: all of its variables.

        Raises:
            OSError: it could not be started.
        """
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", "5", *command),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            limit=LONGEST_LINE,
            env=environment,
            start_new_session=True,
        )
        return cls(process)

    @property
    def has_ended(self) -> bool:
        """True when the process has ended, or was killed."""
        return self._is_killed or self._process.returncode is not None

    def send(self, line: dict[str, Any]) -> None:
        """Write one line. A process that has ended is found by `read`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def read(self) -> dict[str, Any] | None:
        """Return the next line, `{}` for a line that cannot be read, and None when the process has ended."""
        assert self._process.stdout is not None
        try:
            line = await self._process.stdout.readline()
        except (ValueError, ConnectionError):  # a line longer than the limit
            return None
        if not line:
            self._is_exiting = True
            return None
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            log.warning("a sampler or exporter wrote an unreadable line: %r", line[:200])
            return {}
        return found

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(_KEPT_OUTPUT):
            self._errors += data
            del self._errors[:-_KEPT_OUTPUT]

    def kill(self) -> None:
        """Kill the process and every process that it started in its session. It has nothing to save."""
        self._is_killed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> str:
        """End the process. Return its end in words: exit code or signal, and the last line of its errors."""
        if self._is_exiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), EXIT_SECONDS)
        self.kill()
        code = await self._process.wait()
        await self._reading
        how = f"exited with code {code}" if code >= 0 else f"was killed by signal {-code}"
        lines = [
            line for each in self._errors.decode(errors="replace").splitlines() if (line := clean_line(each).strip())
        ]
        return f"{how}: {lines[-1][-_LONGEST_REASON:]}" if lines else how
