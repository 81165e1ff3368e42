"""What every command shares: the flags that stand anywhere, the connection, and what a failure is worth."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fttui.api.errors import ApiError, BadRequest, Unauthorized, Unreachable
from fttui.cli.output import Output, say, say_progress
from fttui.clock import Clock, SystemClock
from fttui.config.errors import ConfigError, NoKey
from fttui.core.connect import Options
from fttui.server.control import ServiceError

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.api.retries import Retry
    from fttui.core.connect import Connection

DONE, FAILED, USAGE, UNREACHABLE, DENIED, INTERRUPTED = 0, 1, 2, 3, 4, 130

EXITS = (
    (DONE, "done"),
    (
        FAILED,
        "the operation failed: refused, not found, too many requests, a server's fault, errors in checked data, a "
        "job that was waited for and did not succeed, one of several ids refused",
    ),
    (USAGE, "usage or configuration"),
    (UNREACHABLE, "the service cannot be reached: name, refused connection, TLS, timeout"),
    (DENIED, "no key was found, or the key was refused (401)"),
    (INTERRUPTED, "interrupted with ctrl+c; jobs go on"),
)
"""Exit codes and what they mean; help and README are made from it."""

CLOCK: Clock = SystemClock()
"""The clock of all commands; tests put their own here."""


@dataclass
class Invocation:
    """One run of the command line: what its flags said, wherever they stood."""

    profile: str | None = None
    base_url: str | None = None
    interval: float | None = None
    read_only: bool = False
    fresh: bool = False
    offline: bool = False
    form: str = "table"

    @property
    def options(self) -> Options:
        return Options(
            profile=self.profile,
            base_url=self.base_url,
            interval=self.interval,
            read_only=self.read_only,
            fresh=self.fresh,
            offline=self.offline,
        )

    @property
    def output(self) -> Output:
        return Output(self.form)

    def talk(
        self,
        work: "Callable[[Connection], Awaitable[int | None]]",
        *,
        changes: bool = False,
        interrupted: Callable[[], str] = lambda: "",
    ) -> int:
        """Connect, do `work`, close; the exit code. Failures pass as exceptions, which `code_of` knows.

        Args:
            changes: the command changes something at the provider, which a read-only profile refuses.
            interrupted: what to say when a person presses ctrl+c.
        """
        try:
            return asyncio.run(self._talk(work, changes)) or DONE
        except KeyboardInterrupt:
            if words := interrupted():
                say(words)
            raise

    async def _talk(self, work: "Callable[[Connection], Awaitable[int | None]]", changes: bool) -> int | None:
        from fttui.core import connect

        if self.offline:
            raise ConfigError("this command asks the service, and --offline says not to")
        connection = await connect.connect(self.options, clock=CLOCK, on_retry=_say_retry)
        try:
            if changes:
                self._check_writable(connection)
            for warning in connection.warnings:
                say(f"fttui: warning: {warning}")
            return await work(connection)
        finally:
            say_progress("")
            await connection.close()

    def _check_writable(self, connection: "Connection") -> None:
        settings = connection.settings
        if self.read_only or settings.shared(settings.of(connection.choice)).read_only:
            raise ConfigError(f"{connection.choice.name} is read-only: nothing was sent")


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def _say_retry(retry: "Retry") -> None:
    # Seen on a terminal only: a script's log should not fill with it.
    say_progress(f"{retry.error.message}: trying again in {retry.delay:.0f} s ({retry.tries} of 5)")


async def each(
    client: "Client",
    ids: tuple[str, ...],
    act: Callable[[str], Awaitable[Any]],
    said: Callable[[Any], str],
) -> tuple[list[Any], int]:
    """Do `act` for every id in turn: what came of it, and the exit code. Every refusal is told.

    A key that is not accepted and a host that cannot be reached end it at once: the rest would fare no better.
    """
    from fttui.api.errors import ApiError, Unauthorized, Unreachable

    found: list[Any] = []
    code = DONE
    for index, id in enumerate(ids):
        try:
            found.append(await act(id))
            if words := said(found[-1]):
                say(words)
        except ApiError as error:
            say(f"fttui: {id}: {words_of(error)}" if len(ids) > 1 else f"fttui: {words_of(error)}")
            code = code_of(error) if len(ids) == 1 else FAILED
            if isinstance(error, Unauthorized | Unreachable):
                code = code_of(error)
                if rest := ids[index + 1 :]:
                    say(f"fttui: not sent: {', '.join(rest)}")
                break
    return found, code


def confirm(question: str, *, yes: bool) -> bool:
    """Ask on the terminal, default No.

    Raises:
        click.UsageError: there is no terminal to ask on, and `--yes` was not given.
    """
    if yes:
        return True
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        raise click.UsageError("nothing was sent: there is no terminal to ask on. Add --yes if you mean it.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def code_of(error: BaseException) -> int:
    """The exit code that an exception is worth (design.md §4)."""
    if isinstance(error, NoKey):
        return DENIED
    if isinstance(error, ConfigError | click.ClickException):
        return USAGE
    if isinstance(error, Unreachable | ServiceError):
        return UNREACHABLE
    if isinstance(error, Unauthorized):
        return DENIED
    if isinstance(error, BadRequest) and error.status is None:
        return USAGE  # refused before it was sent: an empty id, a file that cannot be read
    return FAILED


def words_of(error: BaseException) -> str:
    """What to print for an exception: one or two lines."""
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    hint = error.hint if isinstance(error, ApiError) else ""
    return f"{error}\n{hint}" if hint else str(error)
