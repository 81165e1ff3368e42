"""Notes about jobs that have ended."""

import pytest

from fttui.models.row import JobRow
from fttui.ui.notify import ended, note, sequence


def test_only_watched_jobs_that_were_live_are_told_once() -> None:
    before = {"a": JobRow("a", "running"), "b": JobRow("b", "running"), "c": JobRow("c", "failed")}
    now = {"a": JobRow("a", "succeeded"), "b": JobRow("b", "succeeded"), "c": JobRow("c", "failed")}
    assert ended(before, now, {"a", "c", "gone"}) == [now["a"]]
    assert ended(now, now, {"a", "b", "c"}) == []


def test_many_endings_are_one_note() -> None:
    rows = [JobRow("a", "succeeded"), JobRow("b", "succeeded"), JobRow("c", "canceled")]
    assert note(rows) == "3 jobs ended: 2 succeeded, 1 cancelled"
    assert note([JobRow("ftjob-0123456789", "failed", suffix="v3")]) == "..23456789 failed (v3)"
    assert len(note([JobRow("x", "failed", suffix="s" * 500)])) <= 120


@pytest.mark.parametrize("kind", ["osc9", "osc777"])
@pytest.mark.parametrize("environment", [{}, {"TMUX": "/tmp/x,1,0"}])
def test_no_server_text_can_leave_its_sequence(kind: str, environment: dict[str, str]) -> None:
    hostile = note([JobRow("x", "failed", suffix="\x07\x1b]52;c;AAAA\x07;;")])
    text = sequence(kind, hostile, environment)
    assert text.count("\x07") == 1
    assert "\x1b]52" not in text


def test_a_bell_is_a_bell_and_off_is_nothing() -> None:
    assert sequence("bell", "x", {}) == "\x07"
    assert sequence("off", "x", {}) == ""
