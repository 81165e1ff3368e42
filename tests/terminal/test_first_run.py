"""First run on the embedded service, and jobs that outlive the terminal and the service."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fttui.server import control
from tests.terminal.terminal import Terminal, environment

Start = Callable[..., Terminal]


def command(home: Path, *arguments: str) -> Any:
    """Run a command with `--json` and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "fttui", *arguments, "--json"],
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def losses(home: Path, id: str) -> list[tuple[int, float]]:
    """Return (step, training loss) of every step, oldest first."""
    found = [event["data"] for event in command(home, "jobs", "events", id)["data"] if event["type"] == "metrics"]
    return [(data["step"], data["train_loss"]) for data in found if data["step"]]


def service_home(home: Path) -> str:
    return str(home / ".local" / "share" / "fttui" / "service")


def test_two_keys_start_a_run_that_outlives_its_terminal(start: Start, home: Path) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("a")
    terminal.wait("fttui-tiny-1")
    terminal.send("\r")
    terminal.wait("▸ run")
    terminal.wait(r"train +\d")
    terminal.wait(r"▸ run +\S+ +\S+ +\d+/\d+ +\d\.\d{3}")
    # The terminal is closed under it: the job goes on.
    terminal.child.kill(signal.SIGKILL)
    terminal.wait_end()

    again = start(size=(120, 40))
    again.wait(r"✓ done +\S+ +\S+ +(\d+)/\1", timeout=120)
    again.wait("The job has successfully completed")
    screen = again.wait("fine-tuned model")
    assert any("sample" in line for line in screen)
    again.send("q")
    assert again.wait_end() == 0

    (job,) = command(home, "jobs", "list")["data"]
    assert job["status"] == "succeeded"
    curve = losses(home, job["id"])
    assert [step for step, _ in curve] == list(range(1, len(curve) + 1))
    first, last = curve[0][1], sum(loss for _, loss in curve[-10:]) / 10
    assert last < first / 2, "it has learned"


def test_killing_the_service_during_a_run_loses_nothing(start: Start, home: Path) -> None:
    data = home / "train.jsonl"
    lines = [
        {"messages": [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": "yes " * 40}]}
        for n in range(12)
    ]
    data.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    created = command(
        home,
        "jobs",
        "create",
        "--model",
        "fttui-tiny-1",
        "--training-file",
        str(data),
        "--n-epochs",
        "8",
        "--seed",
        "5",
    )
    terminal = start()
    terminal.wait(r"train +\d")
    running = control.running(service_home(home))
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    terminal.wait("✓ done", timeout=90)
    terminal.send("q")
    assert terminal.wait_end() == 0
    curve = losses(home, created["id"])
    assert [step for step, _ in curve] == list(range(1, 97))
    now = control.running(service_home(home))
    assert now is not None
    assert now.pid != running.pid


def test_a_running_job_is_cancelled_and_keeps_its_events(start: Start, home: Path) -> None:
    terminal = start()
    terminal.wait("No fine-tuning jobs yet")
    terminal.send("a")
    terminal.wait("fttui-tiny-1")
    terminal.send("\r")
    terminal.wait(r"train +\d")
    terminal.send("c")
    terminal.wait("y/N")
    terminal.answer("n")
    terminal.wait("Nothing changed.")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert terminal.raw.endswith(b"1 job is still running. Start fttui again to see it.\r\n")
    terminal = start()
    terminal.wait(r"train +\d")
    terminal.send("c")
    terminal.wait("y/N")
    terminal.answer("y")
    terminal.wait("⊘ canc")
    (job,) = command(home, "jobs", "list")["data"]
    assert job["status"] == "cancelled"
    assert losses(home, job["id"])
