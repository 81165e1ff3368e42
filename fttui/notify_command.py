"""The user's `notify_command`: started for an ended job or an alarm, by the cockpit or by the embedded service."""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence


def environment(
    *, id: str, status: str, model: str = "", suffix: str = "", fine_tuned_model: str = "", alarm: str = ""
) -> dict[str, str]:
    """Return the environment variables that describe the job, and the alarm if there is one. Texts must be clean."""
    return {
        "FTTUI_JOB_ID": id,
        "FTTUI_JOB_STATUS": status,
        "FTTUI_JOB_MODEL": model,
        "FTTUI_JOB_SUFFIX": suffix,
        "FTTUI_JOB_FINE_TUNED_MODEL": fine_tuned_model,
        "FTTUI_ALARM": alarm,
    }


def start(command: Sequence[str], variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the command without waiting for it.

    No shell is involved. Server text is passed in environment variables, never in arguments. The command may outlive
    this program and does not delay its exit.

    Raises:
        OSError: the command cannot be started.
        ValueError: the command contains a null byte.
    """
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | dict(variables),
        start_new_session=True,
    )
    threading.Thread(target=process.wait, name="notify-command", daemon=True).start()  # no zombies
    return process
