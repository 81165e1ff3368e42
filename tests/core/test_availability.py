"""Refusal of an action before a request is sent."""

import pytest

from fttui.core.availability import Access, access_to, pause_or_resume, why_no_route, why_none, why_not
from fttui.models import refusals
from fttui.models.restrictions import Restrictions
from fttui.models.row import JobRow
from fttui.store.health import Health, State
from fttui.store.snapshot import Snapshot

ACCESS = Access("openai")
RUNNING = JobRow("ftjob-1", "running")
PAUSED = JobRow("ftjob-2", "paused")
QUEUED = JobRow("ftjob-3", "queued")
DONE = JobRow("ftjob-4", "succeeded")
GONE = JobRow("ftjob-5", "running", gone=True)
ALL_VERBS = ("create", "clone", "cancel", "pause", "resume", "delete", "delete_copy", "delete_model", "delete_file")

WATCHED = Restrictions(is_watched=True)


def test_read_only_session_refuses_every_verb() -> None:
    access = ACCESS._replace(read_only=True)
    assert {why_not(verb, RUNNING, access) for verb in ALL_VERBS} == {refusals.READ_ONLY}


def test_missing_store_refuses_every_verb_but_create() -> None:
    found = {verb: why_not(verb, RUNNING, access_to("openai", None)) for verb in ALL_VERBS}
    assert found.pop("create") == ""
    assert set(found.values()) == {refusals.NOT_CONNECTED}


def test_unreachable_provider_refuses_all_but_the_archived_copy() -> None:
    access = ACCESS._replace(unreachable="connection refused", answers=False)
    refused = {verb for verb in ALL_VERBS if why_not(verb, DONE, access)}
    assert refused == {*ALL_VERBS} - {"delete", "delete_copy"}
    assert why_not("create", None, access) == "offline (connection refused)"


def test_runs_of_other_programs_refuse_all_but_what_concerns_their_copies() -> None:
    alone = ACCESS._replace(restrictions=WATCHED)
    refused = {verb for verb in (*ALL_VERBS, "try_model") if why_not(verb, RUNNING, alone) == refusals.WATCHED}
    assert refused == {*ALL_VERBS} - {"delete", "delete_copy"}
    assert why_not("try_model", RUNNING, alone) == refusals.NO_SERVER
    merged = ACCESS._replace(of_profiles={"scratch": WATCHED})
    assert why_not("cancel", RUNNING._replace(profile="scratch"), merged) == refusals.WATCHED
    assert why_not("cancel", RUNNING._replace(profile="local"), merged) == ""


def test_several_profiles_refuse_a_new_job_only() -> None:
    access = ACCESS._replace(several_profiles=True)
    assert why_not("create", None, access) == why_not("clone", RUNNING, access) == refusals.SEVERAL_PROFILES
    assert why_not("cancel", RUNNING, access) == ""


def test_verb_without_a_route_is_refused_with_the_profile() -> None:
    access = ACCESS._replace(restrictions=Restrictions({"pause", "create"}))
    assert why_not("pause", RUNNING, access) == "openai does not offer pause"
    assert why_not("clone", RUNNING, access) == "openai does not offer new jobs"
    assert why_not("cancel", RUNNING, access) == ""


def test_verb_is_refused_for_the_jobs_of_profiles_that_lack_it() -> None:
    access = Access(
        "all",
        several_profiles=True,
        of_profiles={"near": Restrictions({"pause", "delete_job"}), "work": Restrictions()},
    )
    here, there = RUNNING._replace(profile="work"), RUNNING._replace(profile="near")
    assert (why_not("pause", here, access), why_not("pause", there, access)) == ("", "near does not offer pause")
    assert why_none("pause", [here, there], access) == ""
    assert why_not("delete_job", DONE._replace(profile="near"), access) == "near does not offer deleting jobs"
    files = access._replace(of_profiles={"near": Restrictions({"content"})})
    assert why_no_route("content", there, files) == "near does not offer downloads of files"
    assert why_no_route("content", here, files) == why_no_route("content", None, files) == ""


def test_closed_provider_refuses_new_jobs_with_its_reason() -> None:
    access = ACCESS._replace(restrictions=Restrictions(closed="takes no new jobs"))
    assert why_not("create", None, access) == why_not("clone", DONE, access) == "openai takes no new jobs"
    assert why_not("cancel", RUNNING, access) == ""


@pytest.mark.parametrize(
    ("verb", "job", "reason"),
    [
        ("cancel", RUNNING, ""),
        ("cancel", QUEUED, ""),
        ("cancel", PAUSED, ""),
        ("cancel", DONE, "already succeeded"),
        ("cancel", JobRow("a", "cancelled"), "already cancelled"),
        ("cancel", JobRow("a", "cancelling"), "already being cancelled"),
        ("cancel", GONE, refusals.GONE),
        ("cancel", JobRow("a", "running", fault="no id"), "no id"),
        ("pause", RUNNING, ""),
        ("pause", JobRow("a", "simmering"), ""),
        ("pause", QUEUED, "this job is queued: only a running job can be paused"),
        ("pause", PAUSED, "this job is paused: only a running job can be paused"),
        ("resume", PAUSED, ""),
        ("resume", RUNNING, "this job is running: only a paused job can be resumed"),
        ("clone", DONE, ""),
        ("clone", GONE, ""),
        ("clone", None, refusals.NO_JOB),
        ("cancel", None, refusals.NO_JOB),
        ("delete_copy", GONE, ""),
        ("delete_copy", RUNNING, "this job is running: only the copy of a finished job can be deleted"),
        ("delete_copy", DONE, refusals.STILL_LISTED),
        ("delete_model", None, ""),
        ("delete_file", None, ""),
    ],
)
def test_state_of_a_job_decides(verb: str, job: JobRow | None, reason: str) -> None:
    assert why_not(verb, job, ACCESS) == reason  # type: ignore[arg-type]


def test_copy_of_a_finished_job_can_be_deleted_while_the_provider_does_not_answer() -> None:
    assert why_not("delete_copy", DONE, ACCESS._replace(answers=False)) == ""


def test_one_possible_job_is_enough() -> None:
    assert why_none("cancel", [DONE, RUNNING], ACCESS) == ""


def test_jobs_after_the_first_possible_one_are_not_read() -> None:
    jobs = iter([RUNNING, DONE])
    why_none("cancel", jobs, ACCESS)
    assert next(jobs) is DONE


def test_equal_reasons_are_given_once_and_different_ones_together() -> None:
    assert why_none("cancel", [DONE, DONE], ACCESS) == "already succeeded"
    assert why_none("cancel", [DONE, GONE], ACCESS) == (
        f"none of the 2 jobs can be cancelled: already succeeded, {refusals.GONE}"
    )


def test_no_job_at_all_is_a_reason() -> None:
    assert why_none("cancel", [], ACCESS) == refusals.NO_JOB
    assert why_none("pause_or_resume", [], ACCESS) == refusals.NO_JOB


def test_pause_key_resumes_a_paused_job() -> None:
    assert (pause_or_resume(RUNNING), pause_or_resume(PAUSED)) == ("pause", "resume")
    assert why_none("pause_or_resume", [PAUSED], ACCESS) == ""
    assert "can be paused or resumed" in why_none("pause_or_resume", [QUEUED, DONE], ACCESS)


def test_access_follows_the_health_of_the_snapshot() -> None:
    offline = Snapshot(health=Health(State.OFFLINE, why="no route", unsent=True))
    access = access_to("openai", offline, restrictions=Restrictions({"pause"}))
    assert access == Access("openai", unreachable="no route", restrictions=Restrictions({"pause"}), answers=False)
    assert access_to("openai", Snapshot(health=Health(State.LIVE))).answers
