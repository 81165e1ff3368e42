"""Notifications about ended jobs."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fttui.models.row import JobRow
from fttui.ui.notifications import ended, note, run_command, sequence, watch_note
from fttui.ui.notifier import Notifier


def test_only_watched_jobs_that_were_live_are_reported_once() -> None:
    before = {"a": JobRow("a", "running"), "b": JobRow("b", "running"), "c": JobRow("c", "failed")}
    now = {"a": JobRow("a", "succeeded"), "b": JobRow("b", "succeeded"), "c": JobRow("c", "failed")}
    assert ended(before, now, {"a", "c", "gone"}) == [now["a"]]
    assert ended(now, now, {"a", "b", "c"}) == []


def test_several_ended_jobs_make_one_notification() -> None:
    rows = [JobRow("a", "succeeded"), JobRow("b", "succeeded"), JobRow("c", "canceled")]
    assert note(rows) == "3 jobs ended: 2 succeeded, 1 cancelled"
    assert note([JobRow("ftjob-0123456789", "failed", suffix="v3")]) == "v3 (..23456789) failed"
    assert len(note([JobRow("x", "failed", suffix="s" * 500)])) <= 120


def test_watching_ended_jobs_says_that_they_have_ended() -> None:
    over, live = JobRow("ftjob-0123456789", "succeeded", suffix="lr-1"), JobRow("b", "running")
    assert watch_note([live]) == "Watching 1 job until the end."
    assert watch_note([over]) == "lr-1 (..23456789) has ended: succeeded."
    assert watch_note([over, over]) == "All 2 marked jobs have ended."
    assert watch_note([over, live, live]) == "Watching 2 jobs until the end. 1 marked job has already ended."
    assert watch_note([]) == "watch: no job is selected"


@pytest.mark.parametrize("kind", ["osc9", "osc777"])
@pytest.mark.parametrize("environment", [{}, {"TMUX": "/tmp/x,1,0"}, {"STY": "1.tty"}])
def test_server_text_cannot_end_its_escape_sequence(kind: str, environment: dict[str, str]) -> None:
    hostile = note([JobRow("x", "failed", suffix="\x07\x1b]52;c;AAAA\x07;;")])
    text = sequence(kind, hostile, environment)
    assert text.count("\x07") == 1
    assert "\x1b]52" not in text


def test_a_bell_is_a_bell_and_off_is_nothing() -> None:
    assert sequence("bell", "x", {}) == "\x07"
    assert sequence("off", "x", {}) == sequence("title", "x", {}) == ""


def test_the_command_gets_the_job_in_its_environment_and_leaves_no_zombie(tmp_path: Path) -> None:
    said = tmp_path / "said"
    row = JobRow("a", "failed", suffix="$(touch evil)")
    run_command(["/bin/sh", "-c", f'printf "%s %s %s" "$$" "$#" "$FTTUI_JOB_SUFFIX" > {said}'], row)
    for thread in threading.enumerate():
        if thread.name == "notify-command":
            thread.join(10)
    pid, words = said.read_text().split(" ", 1)
    assert words == "0 $(touch evil)"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)  # a zombie would still be there


def test_a_hanging_command_does_not_delay_the_exit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"""
from fttui.models.row import JobRow
from fttui.ui.notifier import Notifier
from fttui.ui.notifications import run_command
import pathlib
run_command(["/bin/sh", "-c", "echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"], JobRow("a", "failed"))
while not pathlib.Path("{pid}").exists():
    pass
"""
    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)
    os.kill(int(pid.read_text()), signal.SIGKILL)


def test_a_command_that_cannot_start_raises_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_command([str(tmp_path / "none")], JobRow("a", "failed"))


@pytest.mark.parametrize("is_local", [False, True])
def test_the_service_and_not_the_cockpit_runs_the_command_for_local_jobs(tmp_path: Path, is_local: bool) -> None:
    warned: list[str] = []
    notifier = Notifier(
        ["osc9"],
        ["/no/such/program"],
        write=lambda sequence: None,
        show_title=lambda text: None,
        warn=warned.append,
        is_focused=lambda: True,
        is_local=lambda row: is_local,
        later=lambda seconds, act: None,
    )
    notifier.jobs_ended([JobRow("a", "failed")])
    notifier.alarms_raised([(JobRow("b", "running"), "Flat.")])
    assert len(warned) == (0 if is_local else 2)
