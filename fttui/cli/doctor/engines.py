"""Checks of the engines that run trainers on other machines: the controller, and what must and must not be shared."""

import os
import stat
from collections.abc import Mapping
from typing import Any

from fttui.cli.doctor.machine import FAIL, GOOD, NOTE, WARN, Check
from fttui.learning.engine_words import engine_title
from fttui.own_files import others_can_write

NETWORK = frozenset(
    ("nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "fuse.ceph", "cifs", "smb3", "9p", "panfs", "orangefs", "pvfs2")
)
"""File systems that several machines see, or `fuse.` with the name of one."""
MOUNTS = "/proc/mounts"
_HINTS = {
    "Slurm": "Run fttui on a login node, where sbatch and squeue work.",
    "Ray": "Check the address of the dashboard in config.toml, and whether this machine reaches it.",
}


def engine_checks(settings: Mapping[str, Any], data_directory: str, *, mounts: str = MOUNTS) -> list[Check]:
    """Check every engine of the settings, and the place of the service's database.

    Args:
        settings: settings of the service.
        mounts: file with the mounted file systems.
    """
    from fttui.server import control

    engines = settings.get("engines") or {}
    found = []
    for name, engine in engines.items():
        title, trouble = engine_title(engine["kind"]), control.engine_trouble(settings, name)
        found.append(_engine(name, title, engine["directory"], trouble, mounts))
    kind = file_system(data_directory, mounts)
    if kind in NETWORK:
        text = f"{data_directory} is on a network disk ({kind}), where SQLite's database can be damaged"
        found.append(Check("database", WARN, text, "Set FTTUI_DATA_DIR to a directory of this machine."))
    return found


def _engine(engine: str, title: str, directory: str, trouble: str, mounts: str) -> Check:
    name = f"engine {engine}"
    if trouble:
        hint = f"Its jobs go on running. {_HINTS.get(title, '')}"
        return Check(name, WARN, f"{title} does not answer: {trouble}", hint)
    if not os.path.isdir(directory):
        return Check(name, FAIL, f"{directory} does not exist", "Make it on a disk that the nodes see as well.")
    if not os.access(directory, os.W_OK | os.X_OK):
        return Check(name, FAIL, f"{directory} is not writable")
    is_sticky = os.stat(directory).st_mode & stat.S_ISVTX
    if (reason := others_can_write(directory)) and not is_sticky:
        text = f"{directory}: {reason}, and replace the directories of jobs"
        return Check(name, WARN, text, f"Make it private (chmod go-w {directory}), or use a directory of your own.")
    test = f"fttui engines test {engine} tries it."
    kind = file_system(directory, mounts)
    if kind and kind not in NETWORK:
        text = f"{title} answers; {directory} is on a disk of the type {kind}: do the nodes see it?"
        return Check(name, NOTE, text, test)
    after = "If the service ends, its jobs run on; events and new submissions wait for the next start."
    return Check(name, GOOD, f"{title} answers, {directory} is writable", f"{test} {after}")


def file_system(path: str, mounts: str = MOUNTS) -> str:
    """Return the type of the file system of a path; empty when it is not known."""
    path = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                at = words[1].replace("\\040", " ") if len(words) > 2 else ""
                if at and len(at) >= len(best) and (path == at or path.startswith(at.rstrip("/") + "/")):
                    best, kind = at, words[2]
    except OSError:
        return ""
    return kind
