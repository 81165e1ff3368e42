"""Invocation: the global flags of a command line, and running a command with a client, a reader or the archive."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from fttui import garbage
from fttui.cli.exit_codes import DONE, FAILED
from fttui.cli.output import Output, say, say_progress
from fttui.clock import Clock, SystemClock
from fttui.config.errors import ConfigError
from fttui.core.options import Options
from fttui.models.restrictions import Restrictions

if TYPE_CHECKING:
    from fttui.api.retries import Retry
    from fttui.core.availability import Verb
    from fttui.core.connect import Connection
    from fttui.core.reader import Reader
    from fttui.store.archive.archive import Archive

CLOCK: Clock = SystemClock()
"""Clock of all invocations; replaced in tests."""


@dataclass
class Invocation:
    """The global flags, given before or after the command."""

    profile: str | None = None
    base_url: str | None = None
    interval: float | None = None
    read_only: bool = False
    fresh: bool = False
    offline: bool = False
    form: str = "table"
    _warned: set[str] = field(default_factory=set)
    """Warnings that were printed: a command may connect twice."""

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
    def clock(self) -> Clock:
        return CLOCK

    @property
    def output(self) -> Output:
        return Output(self.form)

    def run_with_client(
        self,
        work: "Callable[[Connection], Awaitable[int | None]]",
        *,
        verb: "Verb | None" = None,
        interrupted: Callable[[], str] = lambda: "",
    ) -> int:
        """Connect, run `work` and disconnect. Returns the exit code; failures are raised (see `exit_code_of`).

        Args:
            verb: action that changes something at the provider; a read-only profile refuses it.
            interrupted: returns the message for ctrl+c.
        """
        import asyncio  # late: help and shell completion need no event loop

        try:
            return asyncio.run(self._with_client(work, verb)) or DONE
        except KeyboardInterrupt:
            if message := interrupted():
                say(message)
            raise

    async def _with_client(
        self, work: "Callable[[Connection], Awaitable[int | None]]", verb: "Verb | None"
    ) -> int | None:
        from fttui.core import connect

        if verb is not None:
            self.check_possible(verb)
        self._need_service()
        connection = await connect.connect(self.options, clock=CLOCK, on_retry=say_retry)
        garbage.resume()  # the imports are done
        try:
            for warning in connection.warnings:
                if warning not in self._warned:
                    say(f"fttui: warning: {warning}")
            self._warned.update(connection.warnings)
            return await work(connection)
        finally:
            say_progress("")
            await connection.close()

    def _need_service(self) -> None:
        if self.offline:
            raise ConfigError("this command needs the service and cannot be used with --offline")

    def check_possible(self, verb: "Verb") -> None:
        """Refuse an action that is impossible whatever the user answers. Call it before a question.

        Raises:
            ConfigError: --offline was given, the profile is read-only, or its provider does not offer the action.
        """
        from fttui.config import load
        from fttui.config.choose import choose
        from fttui.core.availability import Access, why_not_at_all
        from fttui.core.connect import provider_of

        self._need_service()
        settings = load.load()
        choice = choose(profile=self.profile, base_url=self.base_url)
        profile = settings.of(choice)
        read_only = self.read_only or settings.shared(profile).read_only
        provider = provider_of(choice, profile)
        restrictions = Restrictions(provider.missing, provider.closed, choice.is_watched)
        access = Access(choice.name, read_only, restrictions=restrictions)
        if reason := why_not_at_all(verb, access):
            raise ConfigError(f"{reason}: nothing was sent")

    def run_with_reader(self, work: "Callable[[Reader], Awaitable[int | None]]") -> int:
        """Run `work` with a reader: of the archive with --offline, else of the service. Returns the exit code.

        Answers of the service are recorded in the archive after `work`, so that the output does not wait for the disk.
        If a list could not be read to its end, `work` prints what was read, and the failure is raised afterwards.
        """
        if self.offline:
            from fttui.core.archive_reader import ArchiveReader

            return self.run_with_archive(lambda archive: work(ArchiveReader(archive, CLOCK)))
        from fttui.core.service_reader import ServiceReader

        async def online(connection: "Connection") -> int | None:
            reader = ServiceReader(connection, CLOCK)
            code = await work(reader)
            for notice in await reader.record():
                say(f"fttui: {notice}")
            for warning in reader.warnings:
                say(f"fttui: warning: {warning}")
            if reader.failure is not None:
                say("The output is incomplete: it has what was read before the failure, and the rest is missing.")
                raise reader.failure
            return code

        return self.run_with_client(online)

    def run_with_archive(self, work: "Callable[[Archive], Awaitable[int | None]]") -> int:
        """Run `work` with the archive of the chosen service, without any request. Returns the exit code."""
        import asyncio

        from fttui.config.paths import archive_file
        from fttui.core.reader import archive_key
        from fttui.store.archive.archive import Archive

        key = archive_key(self.options)

        async def opened() -> int | None:
            archive = Archive(archive_file(), key)
            said = say_notices(archive)
            try:
                code = await work(archive)
            finally:
                await archive.close()
                say_notices(archive, said)
            return FAILED if archive.was_broken or archive.damage.is_found else code

        return asyncio.run(opened()) or DONE


def say_notices(archive: "Archive", said: int = 0) -> int:
    """Print the notices of an archive after the first `said`. Return their number."""
    for notice in archive.notices[said:]:
        say(f"fttui: {notice}")
    return len(archive.notices)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def say_retry(retry: "Retry") -> None:
    """Say on a terminal that a request is sent again."""
    # On a terminal only, so that logs of scripts do not fill with retries.
    say_progress(f"{retry.error.message}: trying again in {retry.delay:.0f} s ({retry.tries} of 5)")
