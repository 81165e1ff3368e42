"""The trainer for open models as a program (protocol: ../README.md).

python -m fttui.server.trainers.hf DIRECTORY                train the job in a directory
python -m fttui.server.trainers.hf --check DIRECTORY        check it without training
python -m fttui.server.trainers.hf --describe [--devices]   print methods, settings, versions and devices
"""

import argparse
import json
import os
import signal
import socket
import sys
import time
import traceback
from types import FrameType
from typing import NoReturn

from fttui.server.trainers.hf import nodes
from fttui.server.trainers.hf.describe import describe, versions
from fttui.server.trainers.hf.options import Options
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.protocol import CANCELLED, NO_ROOM, STOPPED, Progress, RunSettings, is_disk_full

BEGAN = time.monotonic()
"""Time at which this program began, before it loaded its libraries."""
MODULE = "fttui.server.trainers.hf"


def main(arguments: list[str] | None = None) -> int:
    """Run the program. Return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Train an open model.")
    parser.add_argument("directory", nargs="?", help="directory of a job")
    parser.add_argument("--check", metavar="DIRECTORY", help="check the job in a directory, and print one line of JSON")
    parser.add_argument("--describe", action="store_true", help="print a JSON object that describes the trainer")
    parser.add_argument("--model", metavar="ID", help="base model, by id or directory, that limits the settings")
    parser.add_argument("--devices", action="store_true", help="describe the devices and the hub too")
    given = parser.parse_args(arguments)
    if given.describe:
        print(json.dumps(describe(given.model, with_devices=given.devices)))
        return 0
    if given.check:
        from fttui.server.trainers.hf.check import print_check

        return print_check(os.path.abspath(given.check))
    if not given.directory:
        parser.error("give the directory of a job")
    return run(os.path.abspath(given.directory))


def run(directory: str) -> int:
    """Train the job in `directory`, and report every failure except a full disk. Return the exit code."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        os._exit(STOPPED)  # nothing is trained yet, so nothing has to be saved

    signal.signal(signal.SIGTERM, leave)
    progress = Progress(directory)
    try:
        return start(directory, RunSettings.read(directory), progress)
    except Refusal as refusal:
        progress.write("error", code=refusal.code, message=str(refusal), param=refusal.param)
        return 1
    except OSError as error:
        if not is_disk_full(error):
            raise
        return NO_ROOM  # without a word: there is no room for one


def start(directory: str, settings: RunSettings, progress: Progress) -> int:
    """Train in this process, or in several others. Return the exit code.

    Raises:
        Refusal: the job cannot be trained.
        OSError: the disk is full, or no report can be written.
    """
    options = Options.read(settings.settings)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

    from fttui.server.trainers.hf import devices, processes, states

    if processes.is_worker():
        return work(directory, settings, progress)
    if member := nodes.member():
        return launch_member(directory, member)
    number = nodes.count(settings.engine)
    count = processes.number(devices.count(options.devices), nodes.share(settings.batch_size, number))
    progress.write("environment", **environment(count, number))
    states.remove_incomplete(directory)
    if number > 1:
        processes.forget_failures(directory)
        ended = nodes.launch(number, count, processes.command(MODULE, directory), directory)
        return processes.outcome(directory, ended.codes, has_lost=ended.has_lost)
    if count > 1:
        return processes.launch(count, MODULE, directory)
    devices.limit_gpus(1)
    return work(directory, settings, progress)


def launch_member(directory: str, member: nodes.Member) -> int:
    """Train in the processes of this node of several. Return the exit code."""
    from fttui.server.trainers.hf import processes

    codes = processes.run(member.processes, MODULE, directory, member)
    if not codes:
        return 0
    if codes != [STOPPED]:
        nodes.note_codes(directory, member, codes)
    return STOPPED


def work(directory: str, settings: RunSettings, progress: Progress) -> int:
    """Train as the only process, or as one of several. Return the exit code. Raises as `start`."""
    from fttui.server.trainers.hf import failures, processes
    from fttui.server.trainers.hf.pace import StopRequest
    from fttui.server.trainers.hf.train import train

    stop = StopRequest()

    def save_and_stop(number: int, frame: FrameType | None) -> None:
        if os.path.exists(os.path.join(directory, CANCELLED)):
            os._exit(STOPPED)
        stop.set()

    def begin() -> None:
        signal.signal(signal.SIGTERM, save_and_stop)

    try:
        own = progress if processes.is_main() else None
        return train(directory, settings, own, stop, began=BEGAN, on_begin=begin)
    except Exception as error:
        if stop:  # a process of several fails when a different one has stopped
            return STOPPED
        if isinstance(error, Refusal):
            failure = error
        else:
            traceback.print_exc()
            if failures.is_disk_full(error, directory):
                return NO_ROOM
            failure = failures.explained(error, Options.read(settings.settings))
        if not processes.is_worker():
            raise failure from error
        processes.note_failure(directory, failure)
        return 1


def environment(count: int, number: int = 1) -> dict[str, object]:
    """Return the members of the line that says what a job runs on: `count` devices of each of `number` nodes."""
    from fttui.server.trainers.hf import devices

    device = devices.summary(count) + (f" on each of {number} nodes" if number > 1 else "")
    return {"host": socket.gethostname(), "device": device, "versions": versions()}


if __name__ == "__main__":
    sys.exit(main())
