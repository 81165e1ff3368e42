"""A Ray cluster on this machine: a head node with two CPUs, and a second node with the resource `spot`.

It needs `ray[default]`. `make test-ray` installs it.
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fttui.server.launchers.answers import NoAnswer
from fttui.server.launchers.ray_cluster import RayHttp

_SECONDS = 120.0


def is_installed() -> bool:
    return importlib.util.find_spec("ray") is not None


class RealRay:
    """The running cluster. All processes have its directory in their environment."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._ports = dict(zip(("gcs", "dashboard"), _free_ports(2), strict=True))
        self.address = f"http://127.0.0.1:{self._ports['dashboard']}"
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}
        self.start_head()
        self.start_node()

    def start_head(self) -> None:
        words = ["--head", "--port", str(self._ports["gcs"]), "--dashboard-host", "127.0.0.1"]
        words += ["--dashboard-port", str(self._ports["dashboard"]), "--num-cpus", "2", "--temp-dir", str(self.home)]
        words += ["--include-log-monitor", "false"]
        self._start("head", *words)
        self.wait_for(self._answers)

    def start_node(self) -> None:
        words = ["--address", f"127.0.0.1:{self._ports['gcs']}", "--num-cpus", "0", "--resources", '{"spot": 1}']
        self._start("spot", *words)

    def _start(self, name: str, *words: str) -> None:
        words = ("--block", "--disable-usage-stats", "--min-worker-port", "0", "--max-worker-port", "0", *words)
        self._nodes[name] = subprocess.Popen(
            [str(Path(sys.executable).with_name("ray")), "start", *words],
            cwd=self.home,  # Ray imports modules from its working directory
            env={**os.environ, "FTTUI_TEST_RAY": f"{self.home}:{name}", "RAY_USAGE_STATS_ENABLED": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _answers(self) -> bool:
        with suppress(NoAnswer):
            return RayHttp(self.address)("GET", "/api/jobs/", None)[0] == 200
        return False

    def kill(self, name: str) -> None:
        """Kill a node, `head` or `spot`, with everything that runs on it, as a power cut does."""
        self.signal(f"FTTUI_TEST_RAY={self.home}:{name}", signal.SIGKILL)
        self._nodes.pop(name).wait()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Keep the dashboard from answering."""
        mark = f"FTTUI_TEST_RAY={self.home}:head"
        self.signal(mark, signal.SIGSTOP, "dashboard")
        try:
            yield
        finally:
            self.signal(mark, signal.SIGCONT, "dashboard")

    def signal(self, mark: str, number: signal.Signals, word: str = "") -> int:
        """Send a signal to the processes with a variable in their environment. Return how many there were."""
        found = 0
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and int(process.name) != os.getpid():
                    has_mark = mark.encode() in (process / "environ").read_bytes().split(b"\0")
                    if has_mark and word.encode() in (process / "cmdline").read_bytes():
                        os.kill(int(process.name), number)
                        found += 1
        return found

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)

    def log(self) -> str:
        logs = sorted(self.home.glob("session_*/logs/dashboard.err"))
        return logs[-1].read_text()[-3000:] if logs else "no log"

    def close(self) -> None:
        for name in [*self._nodes]:
            self.kill(name)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
