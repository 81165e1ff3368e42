"""Bounded reading of files and commands that the user names: in bytes and in time. Standard library only."""

import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence

from fttui.lean_typing import NamedTuple

MEGABYTE = 1024 * 1024
PIPE_WAIT = 30.0
"""Deadline for the whole content of a pipe, in seconds."""


def read_file(
    path: str, limit: int, *, pipes: bool = False, check: Callable[[os.stat_result], object] | None = None
) -> bytes:
    """Return the content of a regular file, or nothing for `/dev/null`.

    Other devices and sockets are refused, because reading them may never end.

    Args:
        limit: greatest number of bytes.
        pipes: read pipes too, such as `<(command)` in a shell, within `PIPE_WAIT`.
        check: called with the status of the opened file or pipe before it is read. It may refuse it by an exception.

    Raises:
        OSError: the file cannot be read, is of a different kind or is too large. `strerror` is the reason.
    """
    # Non-blocking: opening a pipe without a writer would never return.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        kind = status.st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        is_pipe = pipes and stat.S_ISFIFO(kind)
        is_null = stat.S_ISCHR(kind) and status.st_rdev == os.stat(os.devnull).st_rdev
        if not (is_pipe or is_null or stat.S_ISREG(kind)):
            raise OSError(errno.EINVAL, "not a regular file", path)
        if check is not None and not is_null:
            check(status)
        found = bytearray()
        deadline = _now() + PIPE_WAIT
        while len(found) <= limit:
            if is_pipe and not _is_ready(handle, deadline - _now()):
                raise TimeoutError(errno.ETIMEDOUT, f"the pipe did not end within {PIPE_WAIT:.0f} seconds", path)
            piece = file.read(min(MEGABYTE, limit + 1 - len(found)))
            if piece is not None:  # None: another process has read the pipe empty
                if not piece:
                    return bytes(found)
                found += piece
    raise OSError(errno.EFBIG, f"larger than {_size(limit)}", path)


class Output(NamedTuple):
    """Result of a command that has ended."""

    code: int
    stdout: bytes
    stderr: bytes
    """The first bytes of stderr, up to the limit."""


class TooMuchOutput(Exception):
    """The command printed more than allowed, and was stopped."""


class Stopped(Exception):
    """The caller stopped the command."""


def output_of(
    command: Sequence[str],
    *,
    limit: int,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    directory: str | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Output:
    """Run a command without a shell and without input, and return its output.

    A process that the command leaves behind with its stdout open is not waited for.

    Args:
        limit: greatest number of bytes on stdout.
        timeout: deadline in seconds.
        environment: all variables of the command; None for those of this process.
        directory: current directory of the command; None for that of this process.
        should_stop: asked several times a second; True ends the command.

    Raises:
        OSError: the command cannot be run.
        Stopped: `should_stop` returned True.
        TooMuchOutput: it printed more than `limit`.
        subprocess.TimeoutExpired: it did not end in time.
    """
    import selectors
    import subprocess

    deadline = _now() + timeout
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment,
            cwd=directory,
        ) as process,
        selectors.DefaultSelector() as selector,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        found = {process.stdout: bytearray(), process.stderr: bytearray()}
        for stream in found:
            selector.register(stream, selectors.EVENT_READ)
        try:
            while True:
                # Before the wait: what an ended process has printed is then ready to be read.
                ended = process.poll() is not None
                ready = selector.select(0.0 if ended else max(0.0, min(0.05, deadline - _now())))
                for entry, _ in ready:
                    stream = entry.fileobj  # type: ignore[assignment]
                    if not (piece := stream.read(65_536)):
                        selector.unregister(stream)
                    elif stream is process.stdout and len(found[stream]) + len(piece) > limit:
                        raise TooMuchOutput
                    else:
                        found[stream] += piece[: limit - len(found[stream])]
                if ended and not ready:
                    break
                if should_stop is not None and should_stop():
                    raise Stopped
                if _now() >= deadline:
                    raise subprocess.TimeoutExpired(command, timeout)
        except BaseException:
            process.kill()
            raise
        return Output(process.returncode, bytes(found[process.stdout]), bytes(found[process.stderr]))


def _is_ready(handle: int, seconds: float) -> bool:
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return seconds > 0 and bool(poll.poll(seconds * 1000))


def _now() -> float:
    import time

    return time.monotonic()


def _size(limit: int) -> str:
    return f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} kB"
