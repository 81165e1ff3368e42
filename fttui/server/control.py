"""Control of the embedded service by the rest of the program: start, status, stop, `fttui serve`.

Standard library only and quick to import. Every call blocks; callers in an event loop use a thread. `home` is always
the service's own directory.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fttui.server.environment import compared_variables as compared_variables
from fttui.server.environment import key_variables
from fttui.server.home import ServiceBusy as ServiceBusy
from fttui.server.home import ServiceError as ServiceError
from fttui.server.home import notices as notices_of_start
from fttui.server.home import socket_paths
from fttui.server.settings import named_variables
from fttui.server.settings import write_settings as write_settings
from fttui.server.socket_client import Info as Info
from fttui.server.socket_client import request
from fttui.server.socket_client import running as running
from fttui.server.socket_client import status as status
from fttui.server.start import ensure as ensure
from fttui.server.start import require_packages
from fttui.server.stop import stop as stop
from fttui.server.storage.disk_space import FULL, DiskSpace
from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.server.launchers.trial import Step

PRUNE_SECONDS = 300.0
"""Longest time of an answer about the files of all jobs."""


def notices(home: str) -> tuple[str, ...]:
    """Return the messages for the user: what the service found at its start, and a disk that is full now."""
    return (*notices_of_start(home), *((FULL,) if DiskSpace(home).is_full() else ()))


def prune(home: str, jobs: Sequence[str] | None, *, dry_run: bool) -> list[dict[str, Any]]:
    """Let the running service free what only resuming needs of ended jobs. Return the jobs (see `jobs/prune.py`).

    Args:
        jobs: ids; None for all ended jobs.
        dry_run: only return what would be freed.

    Raises:
        ServiceError: no service answers, or the disk fails.
    """
    body = json.dumps({"jobs": jobs, "dry_run": dry_run}).encode()
    for path in socket_paths(home):
        if (answer := request(path, "POST", "/service/prune", body, timeout=PRUNE_SECONDS)) is not None:
            if "pruned" not in answer:
                raise ServiceError(f"The service could not free space: {answer.get('trouble', 'no reason is known')}.")
            return list(answer["pruned"])
    raise ServiceError("The service does not answer, or it is of an older version.")


def test_alert(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Deliver a test alert by each channel. Return each channel with the reason of its failure, empty for none.

    Args:
        settings: settings of the service.
    """
    import time

    from fttui.server.alerts.delivery import deliver
    from fttui.server.settings import settings_of
    from fttui.server.storage.alert_table import Alert

    found, now = settings_of(settings), int(time.time())
    job = {"id": "ftjob-test", "status": "succeeded", "model": "", "suffix": "test", "fine_tuned_model": None}
    text = "This is a test alert of fttui."
    return [
        (channel, deliver(Alert(0, f"alert-test-{now}", channel, "test", text, job, now), found))
        for channel in found.channels
    ]


def test_engine(settings: Mapping[str, Any], name: str, *, tell: Callable[[str], None]) -> list["Step"]:
    """Run a job of one second on an engine and return what was found: see `launchers/trial.py`. Takes long.

    Args:
        settings: settings of the service.
        tell: called with the state of the job whenever it changes.
    """
    from fttui.clock import SystemClock
    from fttui.server.launchers import trial
    from fttui.server.settings import settings_of

    engine = settings_of(settings).engines[name]
    return trial.test_engine(engine, tell, trial.trial_engine(engine, SystemClock()))


def engine_trouble(settings: Mapping[str, Any], name: str) -> str:
    """Return why an engine does not answer on this machine; empty when it does."""
    from fttui.clock import SystemClock
    from fttui.server.launchers.trial import trial_engine
    from fttui.server.settings import settings_of

    return trial_engine(settings_of(settings).engines[name], SystemClock()).trouble()


class TrainerFacts(NamedTuple):
    """Description of a trainer by itself. Texts are cleaned."""

    name: str
    devices: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Names and versions of packages."""
    reaches_hub: bool | None = None
    has_token: bool | None = None
    trouble: str = ""
    """Reason why it cannot be asked."""


def trainer_facts(settings: Mapping[str, Any], *, devices: bool) -> list[TrainerFacts]:
    """Ask each trainer that describes itself, with the variables of this process. Takes seconds.

    Args:
        settings: settings of the service.
        devices: ask for devices and the hub too.
    """
    import logging

    from fttui.server.jobs.trainer_catalog import built_in_trainers
    from fttui.server.jobs.trainer_environment import NoVariable, trainer_environment
    from fttui.server.jobs.trainer_questions import describe
    from fttui.server.settings import settings_of

    # The answer has the reason of a failure. Without a handler, logging would print it on stderr as well.
    logging.getLogger("fttui.server").addHandler(logging.NullHandler())
    known, found = settings_of(settings), []
    for trainer in (*built_in_trainers(known), *known.trainers):
        if not trainer.describes:
            continue
        try:
            environment = trainer_environment(trainer, known)
        except NoVariable as error:
            found.append(TrainerFacts(trainer.name, trouble=str(error)))
            continue
        described = describe(trainer, environment, devices=devices)
        if described is None:
            found.append(
                TrainerFacts(trainer.name, trouble="does not describe itself; run its command with --describe")
            )
        else:
            found.append(_facts(trainer.name, described.body))
    return found


def _facts(name: str, body: Mapping[str, Any]) -> TrainerFacts:
    def mapping(member: str) -> Mapping[str, Any]:
        value = body.get(member)
        return value if isinstance(value, dict) else {}

    def flag(value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    devices = body.get("devices")
    return TrainerFacts(
        name,
        tuple(clean_line(str(device))[:80] for device in (devices if isinstance(devices, list) else [])[:16]),
        tuple(clean_line(f"{package} {version}")[:80] for package, version in list(mapping("versions").items())[:16]),
        flag(mapping("hub").get("reachable")),
        flag(mapping("hub").get("token")),
    )


def serve(
    home: str,
    host: str,
    port: int,
    api_key_file: str | None,
    *,
    settings: Mapping[str, Any] | None = None,
    secrets: Collection[str] = (),
) -> int:
    """Run the service in the foreground, over TCP and on its socket, until it is interrupted.

    A detached service makes room; its trainers keep running. Messages go to stderr.

    Args:
        secrets: environment variables with keys of providers, in addition to the known ones. Trainers do not get them.

    Returns:
        The exit code.
    """
    try:
        require_packages()
        if settings is not None:
            write_settings(home, settings)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 2
    for name in key_variables(os.environ, secrets, named_variables(home)):
        del os.environ[name]
    from fttui.server.foreground import serve_tcp  # late: needs the packages of the service

    return serve_tcp(home, host, port, api_key_file)
