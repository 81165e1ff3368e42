"""Time left and stages from events."""

import json

from fttui.models.progress import left_words, stage_words, stages, step_of, time_left
from fttui.models.row import EventRow, JobRow

RUNNING = JobRow("j", "running", created_at=1000.0, step=10, total_steps=100)


def step(number: int, at: float) -> EventRow:
    return EventRow(number, f"e{number}", at, "info", "metrics", f"Step {number}", json.dumps({"step": number}))


def say(message: str, at: float) -> EventRow:
    return EventRow(int(at), f"m{at}", at, "info", "message", message, "")


def test_steady_pace_gives_a_narrow_range() -> None:
    events = [step(number, 1000.0 + 2 * number) for number in range(11)]
    left = time_left(RUNNING, events, 1020.0)
    assert left is not None
    low, high = left
    assert low <= 90 * 2 <= high
    assert high - low <= 0.25 * 180


def test_time_since_the_last_step_is_subtracted() -> None:
    events = [step(number, 1000.0 + 2 * number) for number in range(11)]
    before, after = time_left(RUNNING, events, 1020.0), time_left(RUNNING, events, 1030.0)
    assert before is not None
    assert after is not None
    assert after[0] == before[0] - 10


def test_time_left_is_none_without_a_pace() -> None:
    events = [step(number, 1000.0 + number) for number in range(3)]
    assert time_left(RUNNING, events, 1010.0) is None
    many = [step(number, 1000.0 + number) for number in range(30)]
    assert time_left(RUNNING._replace(total_steps=None), many, 1010.0) is None
    assert time_left(RUNNING._replace(status_text="succeeded"), many, 1010.0) is None
    assert left_words(None) == ""


def test_time_left_is_none_for_an_overdue_job() -> None:
    events = [step(number, 1000.0 + number) for number in range(1, 21)]
    row = RUNNING._replace(step=20, total_steps=40)
    assert time_left(row, events, 1020.0) is not None
    assert time_left(row, events, 2000.0) is None


def test_damaged_events_are_skipped() -> None:
    assert step_of(EventRow(1, "e", 1.0, "info", "metrics", "", "[1]")) is None
    assert step_of(EventRow(1, "e", 1.0, "info", "metrics", "", "{")) is None
    assert step_of(EventRow(1, "e", 1.0, "info", "metrics", "", '{"step": "x"}')) is None
    assert step_of(EventRow(1, "e", 1.0, "info", "metrics", "", '{"step": 4.0}')) == 4


def test_stages_come_from_the_messages_of_events() -> None:
    first = [
        say("Validating training file: file-1", 1000.0),
        say("Files validated, moving job to queued state", 1004.0),
        say("Fine-tuning job started", 1010.0),
    ]
    assert stage_words(stages(RUNNING, first, None), 1075.0) == "validating 4s · queued 6s · running 1m 05s"


def test_last_stage_of_a_cancelled_job_ends_with_its_last_event() -> None:
    row = RUNNING._replace(status_text="cancelled")
    found = stages(row, [say("Job started.", 1002.0)], say("Job cancelled.", 1009.0))
    assert stage_words(found, 5000.0) == "validating 2s · running 7s"
    assert stages(row, [], None) == []


def test_stages_are_empty_without_the_necessary_events() -> None:
    assert stages(RUNNING, [say("hello", 1001.0)], None) == []
    assert stages(RUNNING._replace(status_text="queued"), [], None) == []
    assert stage_words(stages(RUNNING._replace(status_text="validating_files"), [], None), 1005.0) == "validating 5s"
