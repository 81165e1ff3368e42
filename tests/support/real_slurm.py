"""A Slurm cluster on this machine: a controller and two nodes, n1 and n2, in a temporary directory.

It needs root, and Debian's packages slurmctld, slurmd, slurm-client and munge. `make test-slurm` installs them. The
timers of the configuration are short, because the tests wait for them: for a preemption (`GraceTime`), a lost node
(`SlurmdTimeout`), a controller that is away (`MessageTimeout`).
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_CONFIGURATION = """
ClusterName=fttui
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge/socket
SlurmctldPort={controller}
SlurmdPort={nodes}
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.%n.pid
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool/%n
SlurmctldLogFile={home}/log/slurmctld.log
SlurmdLogFile={home}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,sched_interval=1,batch_sched_delay=1,bf_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
MinJobAge=300
KillWait=5
SlurmdTimeout=6
MessageTimeout=3
InactiveLimit=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1} CPUs=2 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2} CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes=n1,n2 Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=1 MaxTime=INFINITE State=UP
PartitionName=high Nodes=n1,n2 PriorityTier=10 MaxTime=INFINITE State=UP
"""


def is_installed() -> bool:
    """Return whether the programs are there, and this user may start them."""
    programs = ("slurmctld", "slurmd", "sbatch", "munged")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    return os.getuid() == 0 and all(shutil.which(program, path=path) for program in programs)


class RealSlurm:
    """The running cluster."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for name in ("state", "spool", "log", "munge"):
            (home / name).mkdir(parents=True)
        ports = dict(zip(("controller", "nodes", "n1", "n2"), _free_ports(4), strict=True))
        self.configuration = home / "slurm.conf"
        text = _CONFIGURATION.format(home=home, host=socket.gethostname().partition(".")[0], **ports)
        self.configuration.write_text(text)
        os.environ["SLURM_CONF"] = str(self.configuration)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        key = home / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        munge = ["--socket", home / "munge" / "socket", "--key-file", key, "--force"]
        munge += ["--pid-file", home / "munge" / "pid", "--log-file", home / "munge" / "log"]
        munge += ["--seed-file", home / "munge" / "seed"]
        self._start("munged", "/usr/sbin/munged", "--foreground", *map(str, munge))
        self.start_controller()
        for node in ("n1", "n2"):
            self.start_node(node)
        self.wait_for(lambda: self.states() == {"idle"})

    def start_controller(self) -> None:
        self._start("slurmctld", "/usr/sbin/slurmctld", "-D")

    def start_node(self, node: str) -> None:
        self._start(node, "/usr/sbin/slurmd", "-D", "-N", node)

    def stop(self, name: str) -> None:
        """Stop a daemon, which saves its state: `slurmctld`, `n1` or `n2`."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(30)

    def kill(self, name: str) -> None:
        """Kill a daemon: `slurmctld`, `n1` or `n2`."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def kill_node(self, node: str, directory: Path) -> None:
        """Kill a node's daemon, and everything of the job in a directory there, as a power cut does."""
        self.kill(node)
        marks = (f"FTTUI_JOB_DIR={directory}".encode(), f"SLURM_JOB_NAME=fttui-{directory.name}-1".encode())
        place = f"SLURMD_NODENAME={node}".encode()
        of_job = [
            process
            for process, _, environment in processes()
            if place in environment and any(mark in environment for mark in marks)
        ]
        parents = {_parent(process) for process in of_job}
        steps = [process for process, words, _ in processes() if process in parents and words.startswith(b"slurmstepd")]
        for process in [*steps, *of_job]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def states(self) -> set[str]:
        """Return the states of the nodes."""
        return {line.strip().rstrip("*$~#") for line in self.run("sinfo", "-h", "-N", "-o", "%t").splitlines()}

    def run(self, *words: str) -> str:
        """Return the output of a command of Slurm; empty when it fails."""
        return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stdout

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        return (self.home / "log" / "slurmctld.log").read_text()[-3000:]

    def clear(self) -> None:
        """End all jobs."""
        self.run("scancel", "--me")
        self.run("scancel", "--me", "--full", "--signal=KILL")
        self.wait_for(lambda: not self.run("squeue", "-h", "-o", "%i").strip())

    def close(self) -> None:
        self.run("scancel", "--me", "--full", "--signal=KILL")
        for process in reversed(self._processes.values()):
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str, *words: str) -> None:
        log = open(self.home / "log" / f"{name}.out", "ab")  # noqa: SIM115
        self._processes[name] = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        if name == "munged":
            self.wait_for(lambda: (self.home / "munge" / "socket").exists())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def signal_trainer(directory: Path, number: signal.Signals) -> None:
    """Send a signal to the trainer of a job directory."""
    mark = f"FTTUI_JOB_DIR={directory}".encode()
    found = [process for process, words, environment in processes() if mark in environment and b"trainers" in words]
    assert found
    for process in found:
        os.kill(process, number)


def processes() -> Iterator[tuple[int, bytes, bytes]]:
    """Yield id, command line and environment of each process."""
    for found in Path("/proc").iterdir():
        if found.name.isdigit():
            with suppress(OSError):
                yield int(found.name), (found / "cmdline").read_bytes(), (found / "environ").read_bytes()


def _parent(process: int) -> int:
    """Return the id of the parent of a process; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
