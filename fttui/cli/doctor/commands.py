"""`fttui doctor`: check configuration, service, key and machine. Secrets are never printed."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from fttui.cli.doctor.engines import engine_checks
from fttui.cli.doctor.machine import FAIL, GOOD, NOTE, WARN, Check, machine_checks
from fttui.cli.doctor.trainers import environment_check, trainer_checks
from fttui.cli.exit_codes import DENIED, DONE, FAILED, UNREACHABLE, USAGE, exit_code_of, is_expected, message_of
from fttui.cli.flags import json_options, offline
from fttui.cli.groups import ServiceCommand
from fttui.cli.invocation import Invocation, pass_invocation
from fttui.cli.output import JSON, JSONL, Column, Output
from fttui.clock import Clock
from fttui.config import load
from fttui.config.choose import choose
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file, service_dir
from fttui.install import missing_modules
from fttui.models.refusals import route_words
from fttui.text import is_utf8_locale

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.core.connect import Connection

SKEW = 60.0
"""Clock difference to report, in seconds. Tokens and signatures tolerate a few minutes."""


@click.command("doctor", cls=ServiceCommand, short_help="Check configuration, service, key and machine.")
@click.option("--test-alert", is_flag=True, help="Send a test alert instead, by notify_command and webhook.")
@offline
@json_options
@pass_invocation
def doctor(invocation: Invocation, test_alert: bool) -> int:
    """Check everything that fttui needs, and print what to do about each problem.

    The command sends a few read requests. It changes no data, but starts the embedded service if necessary. Exit codes:
    0 no failures, 2 configuration error, 3 service unreachable, 4 no key or key refused, 1 any other failure.

    --test-alert sends one alert as the embedded service does when a job ends, and says what happened: by the program of
    `notify_command`, and by the `webhook` of `[local]`. It exits with 1 if one of them failed, with 2 if none is set.

    Piped output is one tab-separated line per check: check, state (ok, note, warn, fail), text, hint.

    \b
    fttui doctor
    fttui doctor --profile work --json
    fttui doctor --test-alert
    """
    found = _test_alert() if test_alert else asyncio.run(_examine(invocation))
    _print(invocation.output, found)
    return next((check.code for check in found if check.state == FAIL), DONE)


def _test_alert() -> list[Check]:
    from fttui.server import control
    from fttui.webhook_url import shown

    settings = load.load()
    results = control.test_alert(settings.for_service())
    if not results:
        hint = 'Set notify_command, or webhook = "https://…" below [local], in config.toml.'
        return [Check("alert", FAIL, "no alerts are set up", hint, USAGE)]
    found = []
    for channel, reason in results:
        name = "webhook" if channel == "webhook" else "notify_command"
        where = shown(settings.local.webhook or "") if channel == "webhook" else settings.notify_command[0]
        if reason:
            found.append(Check(name, FAIL, f"{where}: {reason}", "", FAILED))
        else:
            found.append(
                Check(name, GOOD, f"{where} got the test alert" if channel == "webhook" else f"{where} was started")
            )
    return found


def _print(output: Output, found: list[Check]) -> None:
    if output.form in (JSON, JSONL) or not output.is_terminal:
        columns = [
            Column[Check]("CHECK", lambda check: check.name),
            Column[Check]("STATE", lambda check: check.state),
            Column[Check]("FOUND", lambda check: check.text),
            Column[Check]("HINT", lambda check: check.hint),
        ]
        output.print_list(found, columns, raw=_raw)
        return
    wide = max(len(check.name) for check in found)
    utf8 = is_utf8_locale()
    marks = {GOOD: "✓" if utf8 else "+", NOTE: "·" if utf8 else ",", WARN: "!", FAIL: "✗" if utf8 else "x"}
    for check in found:
        output.print_line(f"{marks[check.state]} {check.name:<{wide}}  {check.text}", indent=wide + 4)
        if check.hint:
            output.print_line(f"  {'':<{wide}}  {check.hint}", indent=wide + 4)


def _raw(check: Check) -> dict[str, Any]:
    return {"check": check.name, "state": check.state, "text": check.text, "hint": check.hint}


async def _examine(invocation: Invocation) -> list[Check]:
    try:
        load.load()
    except ConfigError as error:
        found = [Check("config", FAIL, *_lines(error), code=USAGE)]
    else:
        found = await _service(invocation)
    failed = {word for check in found if check.state == FAIL for word in (check.name, check.text)}
    return [*found, *(check for check in machine_checks() if not failed & {check.name, check.text})]


async def _service(invocation: Invocation) -> list[Check]:
    """Check the chosen service, from its profile to its routes. The first failure that blocks the rest ends it."""
    from fttui.core import connect

    try:
        choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    except ConfigError as error:
        return [Check("profile", FAIL, *_lines(error), code=USAGE)]
    where = choice.base_url or "the service on this machine"
    found = [Check("profile", GOOD, f"{choice.name}, {choice.reason}: {where} ({choice.provider})")]
    if choice.is_local:
        found[0] = found[0]._replace(text=f"{choice.name}, {choice.reason}: {where}")
        found += _local_service(starts=not invocation.offline)
        if not missing_modules("local"):
            found += trainer_checks(load.load().for_service(), offline=invocation.offline)
            found += engine_checks(load.load().for_service(), service_dir())
    if choice.base_url and not choice.is_watched:
        found += _proxies(choice.base_url)
    if found[-1].state == FAIL and found[-1].name == "proxy":
        return found
    if invocation.offline:
        return [*found, Check("service", NOTE, "not checked (--offline)")]
    try:
        connection = await connect.connect(invocation.options, clock=invocation.clock)
    except Exception as error:
        if not is_expected(error):
            raise
        code = exit_code_of(error)
        name = {DENIED: "key", USAGE: "config"}.get(code, "service")
        return [*found, Check(name, FAIL, *_lines(error), code=code)]
    try:
        found += [Check("safety", WARN, warning) for warning in connection.warnings]
        return [*found, *await _requests(connection, invocation.clock)]
    finally:
        await connection.close()


def _local_service(*, starts: bool) -> list[Check]:
    from fttui.server import control

    try:
        info = control.status(service_dir())
    except control.ServiceBusy as error:
        return [Check("local service", WARN, *_lines(error))]
    except Exception:  # starting the service reports any problem with its files
        info = None
    if info is None:
        return [Check("local service", NOTE, "not running; this check starts it" if starts else "not running")]
    found = [Check("local service", GOOD, f"running, pid {info['pid']}, version {info['version']}")]
    environment = info.get("environment")  # a service of an older version does not tell it
    return [*found, *environment_check(environment)] if isinstance(environment, dict) else found


def _proxies(base_url: str) -> list[Check]:
    """Report the proxy of requests by its host only: its address may contain a password."""
    from fttui.core import proxies

    try:
        proxy = proxies.proxy_of(base_url)
    except ConfigError as error:
        return [Check("proxy", FAIL, *_lines(error), code=USAGE)]
    return [] if proxy is None else [Check("proxy", NOTE, f"{proxy.url.host}, set in {proxy.variable}")]


async def _requests(connection: "Connection", clock: Clock) -> list[Check]:
    """Check reachability, key, routes and clock with a few read requests."""
    from fttui.api.errors import ApiError, Forbidden, Unauthorized, Unreachable

    client, origin = connection.client.with_tries(1), connection.provider.key_origin
    started, job = clock.monotonic(), ""
    failure: ApiError | None = None
    try:
        page = await client.list_jobs(limit=1)
        job = next((item.id for item in page.items if not item.fault), "")
    except ApiError as error:
        failure = error
    took = (clock.monotonic() - started) * 1000
    if isinstance(failure, Unreachable):
        return [Check("service", FAIL, failure.message, failure.hint, UNREACHABLE)]
    found = [Check("service", GOOD, f"{connection.provider.title} answers in {took:.0f} ms")]
    key = f"the key from {origin}" if origin else "no key"
    if isinstance(failure, Unauthorized):
        return [
            *found,
            Check("key", FAIL, f"{key} was refused: {failure.message}", failure.hint, DENIED),
            *_clock(client),
        ]
    if isinstance(failure, Forbidden):
        found.append(Check("key", FAIL, f"{key} may not list jobs: {failure.message}", failure.hint, FAILED))
    else:
        found.append(Check("key", GOOD, f"{key} is accepted" if origin else "none sent, none needed"))
    if failure is not None and not isinstance(failure, Forbidden):
        found.append(Check("jobs", FAIL, failure.message, failure.hint, FAILED))
    return [*found, *await _routes(connection, client, job, failure, clock), *_clock(client)]


async def _routes(
    connection: "Connection", client: "Client", job: str, failure: Exception | None, clock: Clock
) -> list[Check]:
    from fttui.api.errors import ApiError

    requests: dict[str, Any] = {"files": lambda: client.list_files(limit=1), "models": client.list_models}
    if job:
        requests["events"] = lambda: client.list_events(job, limit=1)
        requests["checkpoints"] = lambda: client.list_checkpoints(job, limit=1)
    offered, missing, problems = [] if failure else ["jobs"], [], list[Check]()
    for name, send in requests.items():
        if name in connection.provider.missing:
            missing.append(name)
            continue
        try:
            await send()
            offered.append(name)
        except ApiError as error:
            if error.status in (404, 405, 501):
                missing.append(name)
            else:
                problems.append(Check("routes", WARN, f"{name}: {error.message}", error.hint))
    found = [Check("routes", GOOD, f"supported: {', '.join(offered) or 'none'}")]
    if not job and not failure:
        found.append(Check("routes", NOTE, "events and checkpoints were not checked: there is no job"))
    if known := sorted({*missing, *await _missing_routes(connection, clock)}):
        words = ", ".join(map(route_words, known))
        found.append(Check("routes", NOTE, f"not supported: {words}"))
    return [*found, *problems]


async def _missing_routes(connection: "Connection", clock: Clock) -> set[str]:
    """Return routes known to be missing. Doctor itself tries no route that changes something."""
    from fttui.store.archive.archive import Archive
    from fttui.store.archive.set_aside import verdict

    if not os.path.exists(archive_file()) or verdict(archive_file())[0]:
        return set(connection.provider.missing)
    archive = Archive(archive_file(), connection.choice.key)
    try:
        return archive.routes.absent(clock.now()) | connection.provider.missing
    finally:
        await archive.close()


def _clock(client: "Client") -> list[Check]:
    skew = client.skew
    if skew is None:
        return [Check("clock", NOTE, "the service sends no time to compare with")]
    if abs(skew) <= SKEW:
        return [Check("clock", GOOD, f"within {max(1.0, abs(skew)):.0f} s of the service")]
    side = "behind" if skew > 0 else "ahead of"
    hint = "Ages and expiry times are wrong, and tokens may be refused: set the clock of this machine."
    return [Check("clock", WARN, f"{abs(skew):.0f} s {side} the service", hint)]


def _lines(error: Exception) -> tuple[str, str]:
    """Return reason and hint of an error."""
    first, _, rest = message_of(error).partition("\n")
    return first, rest
