"""Helpers for tests with the real process of the service."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from fttui.server import control
from tests.server.conftest import example, jsonl, until

SLOW = jsonl([example("A long answer. " * 40 + str(number)) for number in range(60)])
"""Training file that keeps the built-in trainer busy for many seconds."""


def api(path: str) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost/v1", timeout=20)


def start_job(client: httpx.Client) -> str:
    file = client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("d.jsonl", SLOW)}).json()["id"]
    job = client.post("/fine_tuning/jobs", json={"model": "fttui-tiny-1", "training_file": file, "seed": 1}).json()
    return job["id"]


def steps(client: httpx.Client, job: str) -> list[int]:
    """Return the steps in the job's events, oldest first."""
    found: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = client.get(f"/fine_tuning/jobs/{job}/events", params={"limit": 100, **after}).json()
        found += [event["data"]["step"] for event in page["data"] if event["type"] == "metrics"]
        if not page["has_more"]:
            return found[::-1]
        after = {"after": page["data"][-1]["id"]}


def assert_each_once(found: list[int]) -> None:
    assert found == list(range(1, len(found) + 1))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def pid_of(home: str) -> int:
    info = control.running(home)
    assert info is not None
    return info.pid


class ForegroundService:
    """Process of `python -m fttui.server --host …`, with its output on stderr."""

    def __init__(self, home: str, *options: str) -> None:
        command = [sys.executable, "-m", "fttui.server", "--home", home, *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.output += line

    def url(self) -> str:
        found = until(lambda: re.search(r"http://\S+/v1", self.output) or self.process.poll() is not None)
        assert isinstance(found, re.Match), self.output
        return found[0]

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code
