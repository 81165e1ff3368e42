"""Launcher of trainers through Ray, by its REST interface for jobs.

A submission is named by us: job and number. The number is written before the request, so a service that dies sends the
same name again, and Ray takes each name once. What a script of ours writes into the job's directory is the truth about
the trainer: Ray forgets all jobs when its head node is lost.

The script watches two files. It ends the trainer when `submission` has another number: a node that was cut off must not
train beside the one that followed. `stop` tells it to end the trainer at once, for which Ray has no request.
"""

import math
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from fttui import atomic
from fttui.clock import Clock
from fttui.server.launchers import ray_cluster
from fttui.server.launchers.answers import NoAnswer
from fttui.server.launchers.base import GONE, EngineUnreachable, Launch, LaunchRefused, Life, State
from fttui.server.launchers.ray_cluster import RayCluster, RayJob, RayRefused
from fttui.server.launchers.submission_files import (
    DROP_TORN_LINE,
    Submission,
    assignments,
    last_submission,
    lines,
    runs_of,
    starts,
    stopped_number,
    write_stop,
    write_submission,
)
from fttui.server.launchers.trainer_process import JOB_VARIABLE
from fttui.server.storage.file_operations import remove
from fttui.server.storage.job_dir import JobDirectory

SETTLE_SECONDS = 30.0
"""Seconds without a sign of the script after which a trainer without an exit code is gone."""
BEAT_SECONDS = 3.0
"""Seconds between two signs of the script."""
LOST = "LOST"
"""Reason of the end of a job that the cluster does not know any more."""
START_TIMEOUT = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"
"""Kind of failure of a job that waited longer than Ray lets jobs wait: 15 minutes, if it is not configured."""
NODE_LOST = "JOB_SUPERVISOR_ACTOR_DIED"
"""Kind of failure of a job whose node Ray lost. Its trainer may live."""
SCRIPT = "ray.sh"

_REFUSALS = frozenset(
    {"RUNTIME_ENV_SETUP_FAILURE", "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE", "JOB_SUPERVISOR_ACTOR_START_FAILURE"}
)
"""Kinds of failures before the start that come again at every submission."""
_NOT_RUN = range(125, 128)
"""Exit codes of a script that the node cannot read, or whose directory it does not have."""
_BEAT = "beat"
_NUMBERS = {"num_cpus": "entrypoint_num_cpus", "num_gpus": "entrypoint_num_gpus", "memory": "entrypoint_memory"}
_RESOURCES, _LABELS = "resources.", "label_selector."

_SCRIPT = """#!/bin/bash
umask 077
number=$1
cd {directory} || exit 125
read -r current _ <submission
[ "$current" = "$number" ] && [ ! -e cancelled ] || exit 0
exec >>log 2>&1
rm -f exit exit.new
{drop_torn_line}
echo "$number" "{id}-$number" 0 "$(hostname)" "$(date +%s)" >>runs
export {variables}
{setup}
signalled=
# Ray sends SIGTERM to every process, the trainer included.
trap 'signalled=1' TERM
{command} {directory} &
child=$!
[ -z "$signalled" ] || kill -TERM $child
(
    trap '' TERM
    while kill -0 $child; do
        # The whole group: the trainer may have started other processes.
        read -r current _ <submission && [ "$current" != "$number" ] && kill -KILL 0
        [ "$(cat stop)" = "$number kill" ] && kill -KILL 0
        date +%s >beat
        sync progress.jsonl log beat  # seen elsewhere over a network disk
        sleep {beat}
    done
) >/dev/null 2>&1 &
watcher=$!
while :; do
    signalled=
    wait $child
    code=$?
    [ -n "$signalled" ] || break
done
{{ kill -KILL $watcher; wait $watcher; }} 2>/dev/null
sync progress.jsonl log 2>/dev/null  # before the exit code is seen; a file may be missing
echo $code >exit.new && {{ sync exit.new; mv exit.new exit; }}
exit $code
"""


class Ray:
    """Trainers in a Ray cluster."""

    survives = True
    hides_secrets = False

    def __init__(self, cluster: RayCluster, clock: Clock) -> None:
        self.cluster = cluster
        self._clock = clock
        self._submitted_at: dict[str, float] = {}
        """Times of the last submissions by this service, by directory: an older list has none of them."""
        self._signs: dict[str, tuple[float, Sequence[str]]] = {}
        """Last sign of the script of each submission that ended without an exit code, with the time of its change.

        By directory.
        """

    def answer_number(self) -> int:
        return self.cluster.answers.number()

    # Start

    def start(self, directory: JobDirectory, launch: Launch) -> None:
        self.cluster.answers.require()
        last = last_submission(directory)
        if last is not None and last.id:
            if self.life(directory).state is not State.GONE:
                return
            last = Submission(last.number + 1, "")
        number = last.number if last is not None else 1
        body = request(_name(directory, number), directory, number, launch)
        remove(os.path.join(directory.path, "exit"))
        atomic.write(os.path.join(directory.path, SCRIPT), _script(directory, launch).encode())
        self.forget(directory)
        write_submission(directory, Submission(number, ""))
        self._submit(body)
        self._submitted_at[directory.path] = self._clock.monotonic()
        write_submission(directory, Submission(number, _name(directory, number)))

    def _submit(self, body: Mapping[str, Any]) -> None:
        try:
            self.cluster.submit(body)
        except NoAnswer as error:
            raise EngineUnreachable(str(error)) from None
        except RayRefused as refused:
            raise LaunchRefused(str(refused)) from None

    # Life

    def life(self, directory: JobDirectory) -> Life:
        last = last_submission(directory)
        if last is None:
            return GONE
        answer, id = self.cluster.answers.newest, _name(directory, last.number)
        if answer is None or answer.value is None:
            return Life(State.UNKNOWN, reason=answer.trouble if answer else "", id=last.id)
        job = answer.value.get(id)
        if not last.id:
            if job is None:
                return GONE
            write_submission(directory, Submission(last.number, id))
        if job is None and answer.asked_at <= self._submitted_at.get(directory.path, float("-inf")):
            return Life(State.WAITING, id=id)
        if job is None or job.status not in ray_cluster.LIVE:
            return self._ended(directory, last.number, id, job)
        self._signs.pop(directory.path, None)
        if job.status == ray_cluster.PENDING:
            return Life(State.WAITING, reason=_reason(job.words), id=id)
        return Life(State.RUNNING, job.host, "", starts(runs_of(directory), last.number), id)

    def _ended(self, directory: JobDirectory, number: int, id: str, job: RayJob | None) -> Life:
        """Return the life of a submission that Ray has ended, or does not know any more."""
        runs = runs_of(directory)
        has_run = any(run.number == number for run in runs)
        host = job.host if job is not None else ""
        reason = LOST if job is None else job.status if job.status == ray_cluster.STOPPED else job.error
        is_stopped = stopped_number(directory) == number
        if is_stopped:
            reason = ""  # by the service
        if not has_run and job is not None and _is_refusal(job):
            return Life(State.GONE, host, reason, 0, id, refusal=job.words)
        if has_run:
            has_ended = is_stopped and job is not None and job.error != NODE_LOST
            is_certain = has_ended or directory.exit_code() is not None
        else:
            is_certain = reason not in (LOST, "")
        if not is_certain and self._may_live(directory):
            return Life(State.RUNNING, host, "", len(runs), id) if has_run else Life(State.WAITING, id=id)
        return Life(State.GONE, host, reason, len(runs) if has_run else 0, id)

    def _may_live(self, directory: JobDirectory) -> bool:
        """Return whether the script of a job gave a sign not long ago, or its last files may not be seen yet."""
        now = self._clock.monotonic()
        sign = (*lines(directory, _BEAT), *lines(directory, "runs"))
        since, before = self._signs.get(directory.path, (now, sign))
        if sign != before:
            since = now
        self._signs[directory.path] = (since, sign)
        return now - since < SETTLE_SECONDS

    # End

    def stop(self, directory: JobDirectory, *, save: bool) -> bool:
        last = last_submission(directory)
        if last is None or not last.id:
            return False
        state = self.life(directory).state
        if state not in (State.WAITING, State.RUNNING):
            return False
        if not save and state is State.RUNNING:
            write_stop(directory, last.number, "kill")
            return True
        if state is State.WAITING:
            # Ray stops a job that waits when it starts. It is given up, and its script does nothing then.
            write_submission(directory, Submission(last.number + 1, ""))
        else:
            write_stop(directory, last.number, "save")
        try:
            return self.cluster.stop(last.id)
        except NoAnswer:
            return False

    def sweep(self, directory: JobDirectory) -> None:
        """Do nothing: Ray ends what a job leaves behind."""

    def forget(self, directory: JobDirectory) -> None:
        self._submitted_at.pop(directory.path, None)
        self._signs.pop(directory.path, None)


def request(id: str, directory: JobDirectory, number: int, launch: Launch) -> dict[str, Any]:
    """Return the request that submits a trainer.

    Raises:
        LaunchRefused: an option is wrong.
    """
    environment = dict(launch.runtime_env)
    variables = {
        **environment.get("env_vars", {}),
        **launch.secrets,
        "RAY_JOB_STOP_WAIT_TIME_S": str(math.ceil(launch.stop_after)),
    }
    return {
        "submission_id": id,
        "entrypoint": f"exec bash {shlex.quote(os.path.join(directory.path, SCRIPT))} {number}",
        "runtime_env": {**environment, "env_vars": variables},
        **resources(launch.options),
    }


def resources(options: Sequence[str]) -> dict[str, Any]:
    """Return the members of the request that reserve resources: one CPU, if no option says more.

    A job without any would run on the head node, beside others.

    Raises:
        LaunchRefused: an option is wrong.
    """
    made: dict[str, Any] = {}
    for option in options:
        name, _, text = option.partition("=")
        if reason := option_fault(name, text):
            raise LaunchRefused(f"the option '{name}' {reason}")
        if name in _NUMBERS:
            made[_NUMBERS[name]] = _number(text)
        elif name.startswith(_RESOURCES):
            made.setdefault("entrypoint_resources", {})[name.removeprefix(_RESOURCES)] = _number(text)
        else:
            made.setdefault("entrypoint_label_selector", {})[name.removeprefix(_LABELS)] = text
    return made if any(name != "entrypoint_label_selector" for name in made) else {"entrypoint_num_cpus": 1, **made}


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def option_words(options: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options of one job in the form of the options of an engine."""
    return tuple(f"{name}={value}" for name, value in options.items())


def option_fault(name: str, value: str) -> str:
    """Return why a job may not set an option, as half a sentence; empty when it may."""
    if name.startswith(_LABELS) and name != _LABELS:
        return "" if value.isprintable() else "has a character that cannot be printed"
    if name not in _NUMBERS and not (name.startswith(_RESOURCES) and name != _RESOURCES):
        known = ", ".join((*_NUMBERS, f"{_RESOURCES}NAME"))
        return f"is not among {known} and {_LABELS}NAME"
    if not re.fullmatch(r"\d{1,15}" if name == "memory" else r"\d{1,15}(\.\d{1,9})?", value):
        return "is not a number of bytes" if name == "memory" else "is not a number"
    return ""


def _script(directory: JobDirectory, launch: Launch) -> str:
    return _SCRIPT.format(
        directory=shlex.quote(directory.path),
        drop_torn_line=DROP_TORN_LINE,
        beat=BEAT_SECONDS,
        id=f"{ray_cluster.PREFIX}{os.path.basename(directory.path)}",
        variables=assignments({**launch.listed, JOB_VARIABLE: directory.path}),
        setup=launch.setup,
        command=shlex.join(launch.command),
    )


def _name(directory: JobDirectory, number: int) -> str:
    """Return the id of a submission."""
    return f"{ray_cluster.PREFIX}{os.path.basename(directory.path)}-{number}"


def _reason(words: str) -> str:
    """Return Ray's reason why a job waits, for the middle of a sentence."""
    words = words.removesuffix(".")
    return words[:1].lower() + words[1:]


def _is_refusal(job: RayJob) -> bool:
    return job.error in _REFUSALS or (job.status == ray_cluster.FAILED and job.exit_code in _NOT_RUN)
