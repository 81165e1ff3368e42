"""Settings of the service: `settings.json` in its home directory. Standard library only.

The program that starts or reaches the service writes the file from its configuration. A running service reads it again
when it changes.
"""

import errno
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fttui import atomic
from fttui.engines import ENGINE_KINDS, MAX_SUBMITTED
from fttui.server.home import ServiceError, make_home, settings_path
from fttui.webhook_url import ALLOWED, is_allowed

METHODS = ("supervised", "dpo")
COMMAND, WEBHOOK = "command", "webhook"
"""Channels of alerts."""
WEBHOOK_FORMATS = ("json", "ntfy", "slack")
HANG_AFTER = 900.0
STOP_AFTER, MOST_STOP_AFTER = 10.0, 3600.0
LARGEST_LOG = 16 << 20
LEAST_ROOM = 16 << 20
LEAST_FREE = 2 << 20
"""Free bytes below which a disk counts as full."""
KEPT_CHECKPOINTS = 3
"""Newest checkpoints that the service keeps of each job. It keeps the best one too."""


Environment = Mapping[str, str | Mapping[str, Any]]
"""Variables of a trainer: a text, `{"env": NAME}` for a variable of the service, or `{"command": [words]}`.

Secrets are only named here. `jobs/trainer_environment.py` finds their values when a trainer starts.
"""


class Engine(NamedTuple):
    """Engine that schedules trainers on other machines."""

    name: str
    kind: str
    """One of `ENGINE_KINDS`."""
    directory: str
    """Directory that this machine and the machines of the engine share."""
    max_submitted: int = MAX_SUBMITTED
    """Jobs that the engine has at the same time, waiting and running."""
    options: tuple[str, ...] = ()
    """Options of every job, in the engine's own words."""
    setup: str = ""
    """Lines of shell before every trainer."""
    address: str = ""
    """Address of the dashboard of a Ray cluster."""
    runtime_env: Mapping[str, Any] = MappingProxyType({})
    """Environment that Ray makes for every trainer, in Ray's words."""
    token_env: str = ""
    """Variable of the service with the token of a Ray cluster; empty for a cluster without one."""

    def as_json(self) -> dict[str, Any]:
        """Return the engine as it is stored with a job."""
        return {**self._asdict(), "options": list(self.options), "runtime_env": dict(self.runtime_env)}


class Trainer(NamedTuple):
    """Program that trains. Its command gets the job's directory as its last argument (trainers/README.md)."""

    name: str
    command: tuple[str, ...]
    models: tuple[str, ...]
    """Base models that the trainer offers."""
    methods: tuple[str, ...]
    hang_after: float = HANG_AFTER
    """Seconds without a report after which the trainer is stopped."""
    largest_log: int = LARGEST_LOG
    """Size of the log, in bytes, above which the trainer is stopped."""
    room: int = LEAST_ROOM
    """Free bytes of the disk that a job needs: its models, its saved state, and a second copy of that state."""
    stop_after: float = STOP_AFTER
    """Seconds between SIGTERM and SIGKILL for a trainer that saves its state."""
    env: Environment = MappingProxyType({})
    """Variables that the trainer gets besides those of the service."""
    describes: bool = False
    """The command understands `--describe` and `--check`."""
    takes_any_model: bool = False
    """The trainer takes directories and ids of the hub that are not in `models`."""
    sampler: tuple[str, ...] = ()
    """Command that answers prompts; empty for none."""
    exporter: tuple[str, ...] = ()
    """Command that exports models; empty for none."""
    engine: str = ""
    """Name of the engine that runs it; empty for this machine."""
    options: tuple[str, ...] = ()
    """Options for its engine, after those of the engine."""


class BuiltIn(NamedTuple):
    """Settings of a trainer in the box."""

    env: Environment = MappingProxyType({})
    stop_after: float | None = None
    """None for the default of the trainer."""
    engine: str = ""
    options: tuple[str, ...] = ()


class Settings(NamedTuple):
    """Content of `settings.json`."""

    trainers: tuple[Trainer, ...] = ()
    max_running: int = 1
    """Jobs that may train at the same time."""
    plain_results: bool = False
    """Store result files as plain CSV, not as base64 like the hosted service."""
    empty_error: bool = False
    """Send `{}` as the error of a job without one, like the hosted service, instead of null."""
    notify_command: tuple[str, ...] = ()
    """Program to start for each alert; empty for none."""
    webhook: str = ""
    """Address to post each alert to; empty for none. It may contain a secret."""
    webhook_format: str = "json"
    """One of `WEBHOOK_FORMATS`."""
    alarms_off: frozenset[str] = frozenset()
    """Kinds of alarms that are not told."""
    built_in: Mapping[str, BuiltIn] = MappingProxyType({})
    """Settings of the trainers in the box, by name."""
    models: tuple[str, ...] = ()
    """Directories of models, and ids of the hub, for the trainer that takes any model."""
    engines: Mapping[str, Engine] = MappingProxyType({})
    """Engines by name."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of alerts that the user has set up."""
        return (*((COMMAND,) if self.notify_command else ()), *((WEBHOOK,) if self.webhook else ()))


def write_settings(home: str, settings: Mapping[str, Any]) -> None:
    """Write `settings.json` when the settings have changed. A running service follows at once.

    Args:
        settings: members of `Settings`, with `trainers` by name (`settings_of`).

    Raises:
        ServiceError: the file cannot be written.
    """
    content = json.dumps(settings, indent=1, sort_keys=True)
    path = settings_path(home)
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == content:
                return
    except (OSError, ValueError):
        pass
    make_home(home)
    try:
        atomic.write(path, content.encode(), sync=False)
    except OSError as error:
        advice = "Free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Make the directory writable"
        raise ServiceError(
            f"Cannot write the settings of the service to {path}: {error.strerror}.\n"
            f"{advice}, or set FTTUI_DATA_DIR to a different directory."
        ) from None


def read_settings(path: str) -> Settings:
    """Read the settings.

    Raises:
        OSError: the file cannot be read.
        ValueError: the content is invalid.
    """
    with open(path, encoding="utf-8") as file:
        return settings_of(json.load(file))


def settings_of(content: Mapping[str, Any]) -> Settings:
    """Return the settings in a decoded `settings.json`.

    Raises:
        ValueError: the content is invalid.
    """
    try:
        max_running = content.get("max_running", 1)
        if not isinstance(max_running, int) or max_running < 1:
            raise ValueError(f"max_running is {max_running!r}, not a whole number above zero")
        trainers = tuple(_trainer(name, members) for name, members in content.get("trainers", {}).items())
        webhook = content.get("webhook") or ""
        if webhook and not is_allowed(webhook):
            raise ValueError(f"webhook is not {ALLOWED}")  # without the address, which may contain a secret
        return Settings(
            trainers,
            max_running,
            plain_results=bool(content.get("plain_results")),
            empty_error=bool(content.get("empty_error")),
            notify_command=tuple(map(str, content.get("notify_command") or ())),
            webhook=webhook,
            webhook_format=str(content.get("webhook_format") or WEBHOOK_FORMATS[0]),
            alarms_off=frozenset(map(str, content.get("alarms_off") or ())),
            models=tuple(map(str, content.get("models") or ())),
            built_in={name: _built_in(name, members) for name, members in (content.get("built_in") or {}).items()},
            engines={
                name: engine_of({**members, "name": name}) for name, members in content.get("engines", {}).items()
            },
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"invalid settings ({type(error).__name__}: {error})") from None


def _trainer(name: str, members: dict[str, Any]) -> Trainer:
    def texts(member: str) -> tuple[str, ...]:
        value = members[member]
        if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
            raise ValueError(f"{member} of the trainer {name} is not an array of strings")
        return tuple(value)

    methods = texts("methods") if "methods" in members else METHODS
    if not set(methods) <= set(METHODS):
        raise ValueError(f"methods of the trainer {name} must be among {', '.join(METHODS)}")
    hang_after = float(members.get("hang_after", HANG_AFTER))
    largest_log = int(members.get("largest_log", LARGEST_LOG))
    room = int(members.get("room", LEAST_ROOM))
    stop_after = _stop_after(name, members)
    if not hang_after > 0 or largest_log < 1 or room < 1:
        raise ValueError(f"hang_after, largest_log and room of the trainer {name} must be above zero")
    return Trainer(
        name,
        texts("command"),
        texts("models"),
        methods,
        hang_after,
        largest_log,
        room,
        STOP_AFTER if stop_after is None else stop_after,
        _environment(name, members),
        bool(members.get("describes")),
        sampler=texts("sampler") if members.get("sampler") else (),
        exporter=texts("exporter") if members.get("exporter") else (),
        engine=str(members.get("engine") or ""),
        options=tuple(map(str, members.get("options") or ())),
    )


def engine_of(members: Mapping[str, Any]) -> Engine:
    """Return an engine from its members, as `Engine.as_json` and the settings have them.

    Raises:
        ValueError: a member is invalid.
    """
    try:
        engine = Engine(
            str(members["name"]),
            str(members["kind"]),
            str(members["directory"]),
            int(members.get("max_submitted", MAX_SUBMITTED)),
            tuple(map(str, members.get("options") or ())),
            str(members.get("setup") or ""),
            str(members.get("address") or ""),
            dict(members.get("runtime_env") or {}),
            str(members.get("token_env") or ""),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"an engine is incomplete ({error})") from None
    if engine.kind not in ENGINE_KINDS:
        raise ValueError(f"the engine {engine.name} has the unknown kind {engine.kind!r}")
    if not engine.directory.startswith("/") or engine.max_submitted < 1:
        raise ValueError(f"directory of the engine {engine.name} must be absolute, and max_submitted above zero")
    if engine.kind == "ray" and not engine.address.startswith(("http://", "https://")):
        raise ValueError(f"the engine {engine.name} needs the address of a Ray cluster, such as http://head:8265")
    return engine


def _built_in(name: str, members: dict[str, Any]) -> BuiltIn:
    return BuiltIn(
        _environment(name, members),
        _stop_after(name, members),
        str(members.get("engine") or ""),
        tuple(map(str, members.get("options") or ())),
    )


def _stop_after(name: str, members: dict[str, Any]) -> float | None:
    given = members.get("stop_after")
    if given is None:
        return None
    if not 0 < float(given) <= MOST_STOP_AFTER:
        raise ValueError(f"stop_after of the trainer {name} must be above zero and at most {MOST_STOP_AFTER:.0f}")
    return float(given)


def _environment(name: str, members: dict[str, Any]) -> Environment:
    found: dict[str, str | dict[str, Any]] = {}
    for variable, value in (members.get("env") or {}).items():
        is_reference = isinstance(value, dict) and len(value) == 1 and value.keys() <= {"env", "command"}
        if not isinstance(value, str) and not is_reference:
            raise ValueError(f"env.{variable} of the trainer {name} is neither a text nor a reference")
        found[variable] = value
    return found


def is_directory(model: str) -> bool:
    """Return whether the name of a model is a path and not an id."""
    return model.startswith(("/", "~", "./", "../")) or model in (".", "..")


def referenced_variables(settings: Settings) -> frozenset[str]:
    """Return the variables of the service whose values trainers and engines take."""
    environments = [*(trainer.env for trainer in settings.trainers), *(one.env for one in settings.built_in.values())]
    named = (
        str(value["env"])
        for environment in environments
        for value in environment.values()
        if not isinstance(value, str) and "env" in value
    )
    return frozenset((*named, *(engine.token_env for engine in settings.engines.values() if engine.token_env)))


def named_variables(home: str) -> frozenset[str]:
    """Return the variables that the settings of a service name for its trainers; empty without valid settings."""
    try:
        return referenced_variables(read_settings(settings_path(home)))
    except (OSError, ValueError):
        return frozenset()
