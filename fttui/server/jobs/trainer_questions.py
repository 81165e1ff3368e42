"""Questions to a trainer without training: `--describe` and `--check` (trainers/README.md).

Both run the trainer's command with a deadline. The output is untrusted and limited.
"""

import json
import logging
import math
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fttui import __version__, bounded
from fttui.models.trainer_settings import TrainerSetting, settings_of
from fttui.server.jobs.trainer_environment import trainer_environment
from fttui.server.launchers.trainer_process import JOB_VARIABLE
from fttui.server.settings import Settings, Trainer
from fttui.text import clean, clean_line

DESCRIBE_SECONDS, DEVICES_SECONDS = 20.0, 60.0
"""Deadlines of a description, without and with devices."""
AGAIN_SECONDS = 60.0
"""Seconds after which a trainer that gave no description is asked again."""
LARGEST_ANSWER = 1 << 20
MOST_WARNINGS = 20
_NUMBERS = ("tokens", "examples", "steps", "seconds", "memory_bytes")
"""Numbers of a check."""

log = logging.getLogger("fttui.server")

Stopped = bounded.Stopped


class Description(NamedTuple):
    """Answer of a trainer to `--describe`."""

    settings: dict[str, TrainerSetting]
    body: dict[str, Any]
    """The members as sent: JSON, not cleaned."""


class Check(NamedTuple):
    """Answer of a trainer to `--check`."""

    estimate: dict[str, Any]
    """Numbers that the trainer knows: `tokens`, `examples`, `steps`, `seconds`, `memory_bytes`."""
    warnings: tuple[str, ...] = ()


class Refused(Exception):
    """The trainer refuses a job. `code`, message and `param` become the error of the job."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class Descriptions:
    """Descriptions of trainers. Each is asked for once, and again when the trainer or its variables change."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            now: seconds that never jump.
        """
        self._now = now
        self._known: dict[tuple[Any, ...], tuple[Description | None, float]] = {}
        """Descriptions, and the time of each answer."""
        self._lock = threading.Lock()

    def of(self, trainer: Trainer, settings: Settings) -> Description | None:
        """Return the description of a trainer. Blocks while the trainer is asked. None when it gives none."""
        if not trainer.describes:
            return None
        environment = trainer_environment(trainer, settings, commands=False)
        key = (trainer.command, __version__, tuple(sorted(environment.items())))
        with self._lock:
            known = self._known.get(key)
            if known is None or (known[0] is None and self._now() - known[1] > AGAIN_SECONDS):
                known = self._known[key] = (describe(trainer, environment), self._now())
            return known[0]


def describe(trainer: Trainer, environment: Mapping[str, str], *, devices: bool = False) -> Description | None:
    """Ask a trainer to describe itself. Return None, and log the reason, when the answer cannot be used.

    Args:
        devices: ask for the devices and the hub too, which takes seconds.
    """
    command = [*trainer.command, "--describe", *(["--devices"] if devices else [])]
    try:
        output = bounded.output_of(
            command,
            limit=LARGEST_ANSWER,
            timeout=DEVICES_SECONDS if devices else DESCRIBE_SECONDS,
            environment=environment,
            directory="/",
        )
        body = json.loads(output.stdout) if output.code == 0 else None
    except (OSError, ValueError, RecursionError, bounded.TooMuchOutput, subprocess.TimeoutExpired) as error:
        log.warning("the trainer %s does not describe itself: %s", trainer.name, clean_line(str(error))[:200])
        return None
    if not isinstance(body, dict):
        words = clean_line(output.stderr.decode(errors="replace").strip()[-200:])
        log.warning("the trainer %s does not describe itself: exit code %d %s", trainer.name, output.code, words)
        return None
    return Description(settings_of(body.get("settings")), body)


def check_job(
    trainer: Trainer, environment: Mapping[str, str], directory: str, should_stop: Callable[[], bool]
) -> Check:
    """Let a trainer check the job in a directory.

    Raises:
        Refused: the trainer refuses the job, or its check failed.
        Stopped: `should_stop` returned True.
    """
    try:
        output = bounded.output_of(
            [*trainer.command, "--check", directory],
            limit=LARGEST_ANSWER,
            timeout=trainer.hang_after,
            environment={**environment, JOB_VARIABLE: directory},
            directory=directory,
            should_stop=should_stop,
        )
    except subprocess.TimeoutExpired:
        return Check(
            {}, (f"The check by the trainer took longer than {trainer.hang_after:.0f} seconds and was stopped.",)
        )
    except bounded.TooMuchOutput:
        raise Refused("trainer_failed", "The check by the trainer printed too much and was stopped.") from None
    except OSError as error:
        message = f"The trainer could not be started: {error.strerror or error}."
        raise Refused("trainer_not_started", message) from None
    answer = _last_object(output.stdout)
    if output.code == 0:
        return _check(answer)
    if answer.get("type") == "error" and (message := _text(answer.get("message"))):
        raise Refused(
            _line(answer.get("code"))[:64] or "trainer_error", message, _line(answer.get("param"))[:64] or None
        )
    ended = f"exited with code {output.code}" if output.code > 0 else "was killed; perhaps it ran out of memory"
    words = clean(output.stderr.decode(errors="replace")).strip()[-600:]
    raise Refused(
        "trainer_failed", f"The check by the trainer {ended}." + (f" Its last output:\n{words}" if words else "")
    )


def _check(answer: Mapping[str, Any]) -> Check:
    numbers = {name: answer.get(name) for name in _NUMBERS}
    warnings = answer.get("warnings")
    texts = [_text(text) for text in warnings[:MOST_WARNINGS]] if isinstance(warnings, list) else []
    return Check({name: value for name, value in numbers.items() if _is_count(value)}, tuple(filter(None, texts)))


def _last_object(output: bytes) -> dict[str, Any]:
    """Return the last line of an output that is a JSON object; an empty one without such a line."""
    for line in reversed(output.splitlines()):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return {}


def _is_count(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value < 1 << 60  # type: ignore[arg-type, operator]


def _text(value: object) -> str:
    return clean(value[:4000]).strip() if isinstance(value, str) else ""


def _line(value: object) -> str:
    return clean_line(value[:1000]).strip() if isinstance(value, str) else ""
