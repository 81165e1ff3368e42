"""Launcher of trainers through Slurm, by its commands `sbatch`, `squeue` and `scancel`.

Three files in the job's directory tell what happened. `submission` has the number of the last submission and the id
that Slurm gave it. The batch script writes `runs`, one line for each start, and `exit`, the exit code of the trainer.
Slurm is asked only whether a job waits, runs or is gone.

A trainer is submitted once, however the service dies: the number of a submission is written before `sbatch` runs, its
id afterwards. A new service that finds a number without an id looks for the job by its name, which contains the
number. If the queue does not have it, the number is given up, and a job that appears with it later does nothing.
"""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fttui.clock import Clock
from fttui.server.launchers.answers import Answer, NoAnswer
from fttui.server.launchers.base import GONE, EngineUnreachable, Launch, LaunchRefused, Life, NotNow, State
from fttui.server.launchers.slurm_queue import RUNNING, WAITING, Entry, Jobs, Queue
from fttui.server.launchers.submission_files import (
    DROP_TORN_LINE,
    Submission,
    assignments,
    last_submission,
    runs_of,
    starts,
    write_stop,
    write_submission,
)
from fttui.server.launchers.trainer_process import JOB_VARIABLE
from fttui.server.storage.file_operations import remove
from fttui.server.storage.job_dir import JobDirectory
from fttui.text import clean_line

SETTLE_SECONDS = 30.0
"""Seconds to wait for the exit code of a job that has left the queue: a network disk shows new files late."""
FLUSH_SECONDS = 3.0
"""Seconds between two looks of the script at its files."""
SIGNAL_SECONDS = 60
"""Fewest seconds before the time limit at which the trainer is told to save."""
OWN_OPTIONS = frozenset(
    (
        *("job-name", "output", "error", "open-mode", "export", "export-file", "parsable", "chdir", "wrap", "array"),
        *("input", "test-only", "wait", "get-user-env", "quiet", "verbose", "help", "usage", "version", "bb", "bbf"),
        *("clusters", "uid", "gid", "ignore-pbs"),
    )
)
"""Options of sbatch that the launcher needs for itself, so that a job may not set them."""

BATCH_OPTIONS = ("--parsable", "--open-mode=append", "--input=/dev/null")
"""Options of every submission."""

_START_VARIABLE = "FTTUI_START"
"""Variable of a trainer and the processes that it starts, with the line of their start in `runs`."""

_BUSY = re.compile(
    "unable to contact|not respond|timed out|temporarily|try again|connection refused|zero bytes|communication"
    "|MaxSubmit|slurm_persist|unexpected message|is not on PATH|took longer|no configuration of Slurm",
    re.IGNORECASE,
)
"""Words of sbatch that mean: later, perhaps."""
_OWN_LIMIT = re.compile(r"\b(QOS|Assoc)\w*(Max|Min)\w+", re.IGNORECASE)
"""Names of limits of Slurm that a job breaks by itself, those of `_BUSY` excepted."""
_LIMIT = re.compile("submit limit", re.IGNORECASE)
"""Words of sbatch about every limit: that of submitted jobs, which passes, and those of size and time."""

_SCRIPT = """#!/bin/bash -l
umask 077
cd {directory} || exit 125
# A submission that was given up must not train beside the one that followed it.
read -r number id <submission
[ "$number" = {number} ] || exit 0
rm -f exit exit.new
{drop_torn_line}
run="{number} $SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} ${{SLURM_JOB_NODELIST:-$(hostname)}} $(date +%s)"
echo "$run" >>runs
# Slurm starts the job elsewhere when it has lost this node. The trainer must not train beside the one that followed.
is_last() {{
    local last
    last=$(tail -n 1 runs) && [ -n "$last" ] || return 0  # the disk is away
    [ "$last" = "$run" ]
}}
# Processes of this start on this node, also those in sessions of their own, such as the workers of torch.
of_this_start() {{ grep -lszFx "{start_variable}=$run" /proc/[0-9]*/environ | cut -d / -f 3; }}
# For srun: sbatch --export=NONE would hide the variables from the steps as well.
unset SLURM_EXPORT_ENV
export {variables}
{setup}
child=
signalled=
# B:TERM, before the time limit, comes to this shell alone.
trap 'signalled=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
{start_variable}="$run" {command} {directory} &
child=$!
[ -z "$signalled" ] || kill -TERM $child
# What is written over a network disk is seen elsewhere after a sync.
while kill -0 $child; do
    sleep {flush}
    is_last || {{
        # SIGTERM makes srun end the processes on all nodes.
        pkill -TERM -x -P $child srun
        for _ in {{1..10}}; do pgrep -x -P $child srun >/dev/null || break; sleep {flush}; done
        kill -STOP $$  # this script must not go on between the two
        kill -KILL $child  # first, because it may start others
        kill -KILL $(of_this_start)
        kill -KILL 0
    }}
    sync progress.jsonl log
done 2>/dev/null &
flusher=$!
while :; do
    signalled=
    wait $child
    code=$?
    [ -n "$signalled" ] || break
done
kill $flusher 2>/dev/null
sync progress.jsonl log 2>/dev/null  # before the exit code is seen; a file may be missing
is_last || exit $code
echo $code >exit.new && {{ sync exit.new; mv exit.new exit; }}
exit $code
"""


class Slurm:
    """Trainers under Slurm."""

    survives = True
    hides_secrets = True

    def __init__(self, queue: Queue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._known: dict[str, Submission] = {}
        """Submissions with an id, by directory: jobs that wait are looked at without the shared disk."""
        self._submitted_at: dict[str, float] = {}
        """Times of the last submissions by this service, by directory: an older answer of squeue has none of them."""
        self._missing_since: dict[str, float] = {}
        """Times since which submissions without an exit code are missing from the queue, by directory."""

    def answer_number(self) -> int:
        return self._queue.answers.number()

    # Start

    def start(self, directory: JobDirectory, launch: Launch) -> None:
        self._queue.answers.require()  # sbatch would wait for the controller
        last = self._submission(directory)
        if last and not last.id and (last := self._find_lost(directory, last)).id:
            return
        if last and last.id and self.life(directory).state is not State.GONE:
            return
        number = last.number + 1 if last else 1
        remove(os.path.join(directory.path, "exit"))
        self.forget(directory)
        self._note(directory, Submission(number, ""))
        id = self._submit(directory, number, launch)
        self._submitted_at[directory.path] = self._clock.monotonic()
        self._note(directory, Submission(number, id))

    def _find_lost(self, directory: JobDirectory, last: Submission) -> Submission:
        """Return a submission whose id was not noted, with its id if Slurm or the script tell it.

        Raises:
            EngineUnreachable: nobody can tell whether Slurm has it.
        """
        answer = self._queue.answers.ask()
        if answer.value is None:
            raise EngineUnreachable(answer.trouble)
        return self._find(directory, last, answer.value)

    def _find(self, directory: JobDirectory, last: Submission, entries: Mapping[str, Entry]) -> Submission:
        """Return a submission whose id was not noted, with its id if the queue or the script tell it."""
        name = _name(directory, last.number)
        found = [entry.id for entry in entries.values() if entry.name == name]
        found += [run.id for run in runs_of(directory) if run.number == last.number]
        if found:
            last = Submission(last.number, found[0])
            self._note(directory, last)
        return last

    def _submit(self, directory: JobDirectory, number: int, launch: Launch) -> str:
        script = _SCRIPT.format(
            directory=shlex.quote(directory.path),
            number=number,
            drop_torn_line=DROP_TORN_LINE,
            variables=assignments({**launch.listed, JOB_VARIABLE: directory.path}),
            setup=launch.setup,
            command=shlex.join(launch.command),
            flush=FLUSH_SECONDS,
            start_variable=_START_VARIABLE,
        )
        words = [
            *("sbatch", "--requeue", f"--signal=B:TERM@{max(SIGNAL_SECONDS, round(launch.stop_after))}"),
            *launch.options,
            *BATCH_OPTIONS,
            f"--job-name={_name(directory, number)}",
            f"--output={os.path.join(directory.path, 'log')}",
            f"--chdir={directory.path}",
            f"--export={','.join(sorted(launch.secrets)) or 'NONE'}",
        ]
        try:
            said = self._queue.command(words, script, launch.secrets)
        except NoAnswer as error:
            if _BUSY.search(str(error)):
                raise EngineUnreachable(str(error)) from None
            if _LIMIT.search(str(error)) and not _OWN_LIMIT.search(str(error)):
                raise NotNow(str(error)) from None
            raise LaunchRefused(re.sub(r"^sbatch: error: |(?<=\s)sbatch: error: ", "", str(error))) from None
        try:
            return job_id(said)
        except NoAnswer as error:
            raise EngineUnreachable(str(error)) from None

    # Life

    def life(self, directory: JobDirectory) -> Life:
        last = self._submission(directory)
        if last is None:
            return GONE
        answer = self._queue.answers.newest
        if answer is None:
            return Life(State.UNKNOWN, id=last.id)
        if answer.value is None:
            return Life(State.UNKNOWN, reason=answer.trouble, id=last.id)
        if not last.id and not (last := self._find(directory, last, answer.value)).id:
            return GONE
        entry = answer.value.get(last.id)
        if entry is None or entry.state not in WAITING | RUNNING:
            return self._missing(directory, last, answer, entry)
        self._missing_since.pop(directory.path, None)
        if entry.state in WAITING:
            return Life(State.WAITING, reason=entry.reason, id=last.id, limit=entry.limit)
        runs = runs_of(directory)
        # Slurm names the nodes that are left while a job ends.
        host = runs[-1].host if entry.state == "COMPLETING" and runs else entry.node
        attempt = starts(runs, last.number)
        return Life(State.RUNNING, host, "", attempt, last.id, entry.seconds_left, entry.limit)

    def _missing(self, directory: JobDirectory, last: Submission, answer: Answer[Jobs], entry: Entry | None) -> Life:
        """Return the life of a job that Slurm does not have any more."""
        if answer.asked_at <= self._submitted_at.get(directory.path, float("-inf")):
            return Life(State.WAITING, id=last.id)
        runs = runs_of(directory)
        own = [run for run in runs if run.number == last.number]
        reason = entry.state if entry else ""
        if own and directory.exit_code() is None:
            since = self._missing_since.setdefault(directory.path, self._clock.monotonic())
            if self._clock.monotonic() - since < SETTLE_SECONDS:
                return Life(State.RUNNING, own[-1].host, "", len(runs), last.id)
        host = own[-1].host if own else ""
        return Life(State.GONE, host, reason, len(runs) if own else 0, last.id)

    # End

    def stop(self, directory: JobDirectory, *, save: bool) -> bool:
        last = self._submission(directory)
        if last is None or not last.id:
            return False
        state = self.life(directory).state
        if state not in (State.WAITING, State.RUNNING):
            return False
        with suppress(OSError):  # without the disk, it is still told to stop
            write_stop(directory, last.number, "save" if save else "kill")
        if not save:
            words = ["scancel", last.id]
        elif state is State.WAITING:  # it has nothing to save; one that has started meanwhile is left alone
            words = ["scancel", "--state=PENDING", last.id]
        else:
            words = ["scancel", self._receivers(last.id), "--signal=TERM", last.id]
        try:
            self._queue.command(words)
        except NoAnswer:
            return False
        return True

    def _receivers(self, id: str) -> str:
        """Return the option of scancel for those that SIGTERM tells to save.

        On one node, the trainer and what it has started. On several, the batch script alone, which tells the trainer:
        its `srun` would answer SIGTERM by killing the processes on all nodes.
        """
        answer = self._queue.answers.newest
        entry = ((answer and answer.value) or {}).get(id)
        return "--batch" if entry and entry.nodes > 1 else "--full"

    def sweep(self, directory: JobDirectory) -> None:
        """Do nothing: Slurm ends what a job leaves behind."""

    def forget(self, directory: JobDirectory) -> None:
        for known in (self._known, self._submitted_at, self._missing_since):
            known.pop(directory.path, None)

    def _submission(self, directory: JobDirectory) -> Submission | None:
        """Return the last submission. Only this service writes it, so that what is known is not read again."""
        found = self._known.get(directory.path) or last_submission(directory)
        if found and found.id:
            self._known[directory.path] = found
        return found

    def _note(self, directory: JobDirectory, submission: Submission) -> None:
        self._known.pop(directory.path, None)
        write_submission(directory, submission)


def job_id(said: str) -> str:
    """Return the id in what `sbatch --parsable` printed.

    Raises:
        NoAnswer: there is none.
    """
    id = said.strip().split(";")[0]
    if not id.isdigit():
        raise NoAnswer(f"sbatch printed no job id: {clean_line(said)[:200]}")
    return id


def option_words(options: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options of one job as words of sbatch."""
    return tuple(f"--{name}={value}" if value else f"--{name}" for name, value in options.items())


def option_fault(name: str, value: str) -> str:
    """Return why a job may not set an option, as half a sentence; empty when it may."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        return "is not the long name of an option of sbatch, such as time or gres"
    if any(own.startswith(name) for own in OWN_OPTIONS):  # sbatch takes abbreviations
        return "is used by fttui itself"
    if not value.isprintable():
        return "has a character that cannot be printed"
    return ""


def node_count(options: Sequence[str]) -> int | None:
    """Return the number of nodes that words of sbatch ask for; None for a range, or if Slurm chooses it."""
    found = None
    words = iter(options)
    for word in words:
        if option := re.fullmatch(r"(?:--nodes(?:=|$)|-N)(.*)", word):
            number = re.fullmatch(r"\s*([0-9]+)\s*", option[1] or next(words, ""))
            found = int(number[1]) if number else None
    return found


def _name(directory: JobDirectory, number: int) -> str:
    """Return the name of a submission in Slurm."""
    return f"fttui-{os.path.basename(directory.path)}-{number}"
