"""Stages from events."""

from fttui.models.progress import stage_words, stages
from fttui.models.row import EventRow, JobRow

RUNNING = JobRow("j", "running", created_at=1000.0, step=10, total_steps=100)


def say(message: str, at: float) -> EventRow:
    return EventRow(int(at), f"m{at}", at, "info", "message", message, "")


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
    failed = RUNNING._replace(status_text="failed", finished_at=1090.0)
    assert stages(failed, [], None) == []  # it has trained, so that the whole time was no validation
    assert stage_words(stages(failed._replace(step=None), [], None), 2000.0) == "validating 1m 30s"
