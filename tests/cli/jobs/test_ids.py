"""Names of jobs in commands: ids, ends of ids, suffixes, and jobs of another profile."""

import asyncio
from pathlib import Path

import pytest

from fttui.config.paths import archive_file
from fttui.store.archive.archive import Archive
from tests.cli.conftest import Fttui
from tests.cli.test_main import Terminal
from tests.support.service import Service, job
from tests.support.store_fakes import entry

A, B, C = "ftjob-aaaaaaaaaaaax7Qa91Lk", "ftjob-bbbbbbbbbbbbx7Qa91Lk", "ftjob-ccccccccccccccccCCCC"


@pytest.fixture(autouse=True)
def known(fttui: Fttui, service: Service) -> Service:
    service.jobs = [job(n, "running", id=id) for n, id in enumerate((A, B, C))]
    assert fttui("jobs", "list").code == 0
    service.server.requests.clear()
    return service


def test_unique_end_of_an_id_finds_the_job(fttui: Fttui, service: Service) -> None:
    for typed in (C, "CCCC", "..CCCC", "..CC", "…cccCCCC"):
        service.server.requests.clear()
        assert fttui("jobs", "get", typed, "--json").json["id"] == C
        assert fttui("jobs", "get", typed, "--json", "--offline").json["id"] == C
        assert service.lines == [f"GET /fine_tuning/jobs/{C}"]


def test_ambiguous_end_lists_the_jobs_and_sends_nothing(fttui: Fttui, service: Service) -> None:
    for verb in (["jobs", "get"], ["jobs", "cancel", "--yes"], ["jobs", "pause"], ["archive", "delete", "--yes"]):
        result = fttui(*verb, "x7Qa91Lk")
        assert (result.code, result.out) == (2, "")
        assert A in result.err
        assert B in result.err
    assert service.lines == []


def test_text_with_the_start_of_an_id_is_sent_as_typed(fttui: Fttui, service: Service) -> None:
    assert fttui("jobs", "get", "ftjob-x").code == 1
    assert service.lines == ["GET /fine_tuning/jobs/ftjob-x"]


def test_unknown_name_is_looked_up_in_the_list_and_then_as_an_id(fttui: Fttui, service: Service) -> None:
    for typed in ("CCC", "nobody", "cccccccccccccccCCCC"):
        service.server.requests.clear()
        result = fttui("jobs", "cancel", typed, "--yes")
        assert (result.code, f"no job has the id or suffix {typed}" in result.err) == (1, True)
        assert service.lines == ["GET /fine_tuning/jobs", f"GET /fine_tuning/jobs/{typed}"]
    service.jobs.append(job(9, id="job-unlisted"))
    assert fttui("jobs", "get", "job-unlisted", "--json").json["id"] == "job-unlisted"


def test_unknown_end_with_dots_is_a_usage_error(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "get", "..nobody")
    assert (result.code, service.lines) == (2, ["GET /fine_tuning/jobs"])
    assert "ends with nobody" in result.err
    assert fttui("jobs", "get", "..").code == 2
    assert fttui("jobs", "get", "..nobody", "--offline").code == 2


def test_whole_id_is_never_taken_for_an_end(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, "running", id="1234"), job(2, "running", id="99991234")]
    fttui("jobs", "list")
    assert fttui("jobs", "get", "1234", "--json").json["id"] == "1234"
    service.jobs.append(job(3, "running", id="01234"))
    service.server.requests.clear()
    assert fttui("jobs", "cancel", "01234", "--yes", "--json").json["id"] == "01234"


def test_every_command_takes_ends_and_drops_duplicates(fttui: Fttui, service: Service) -> None:
    assert fttui("jobs", "cancel", "..CCCC", C, "CCCC", "--yes").lines == [f"{C}\tcancelled"]
    for verb in ("events", "checkpoints", "metrics"):
        assert fttui("jobs", verb, "CCCC").code == 0
    assert fttui("jobs", "watch", "CCCC").code == 1
    assert fttui("archive", "export", "CCCC", "-o", "out").code == 0
    assert fttui("archive", "delete", "CCCC", "--yes").out == f"{C}\n"


def test_confirmation_shows_suffix_and_whole_id(service: Service, home: Path) -> None:
    service.jobs[2]["user_provided_suffix"] = "lr-1"
    terminal = Terminal(service, home, "jobs", "cancel", "lr-1")
    terminal.until(f"Cancel lr-1 ({C})? It cannot be resumed. [y/N] ".encode())
    terminal.type(b"y\n")
    assert terminal.end() == 0


async def test_names_of_a_removed_profile_are_resolved(fttui: Fttui) -> None:
    archive = Archive(archive_file(), "left")
    await archive.jobs.save([entry(job(1, id="ftjob-left00000000000000", user_provided_suffix="lr-1"))], 1.0)
    await archive.close()
    for name in (["..left00000000000000", "--profile", "left"], ["left/lr-1"], ["left/..0000"]):
        result = await asyncio.to_thread(fttui, "jobs", "get", *name, "--offline")
        assert (result.code, "ftjob-left" in result.out) == (0, True)
    result = await asyncio.to_thread(fttui, "archive", "delete", "left/lr-1", "--yes")
    assert result.lines == ["ftjob-left00000000000000"]


def test_suffix_names_a_job_in_every_command(fttui: Fttui, service: Service) -> None:
    service.jobs.insert(0, job(4, "running", id="ftjob-new", user_provided_suffix="lr-1"))
    for verb in ("get", "events", "checkpoints", "metrics", "pause", "resume"):
        service.server.requests.clear()
        result = fttui("jobs", verb, "lr-1")
        assert (result.code, "looked at" in result.err) == (0, False)
        assert all("lr-1" not in line for line in service.lines)
    cloned = fttui("jobs", "clone", "lr-1", "--json")
    assert (cloned.code, cloned.json["model"]) == (0, "gpt-4.1-nano")
    del service.jobs[0]
    assert fttui("jobs", "cancel", "lr-1", "--yes").lines == ["ftjob-new\tcancelled"]
    assert fttui("jobs", "watch", "lr-1").code == 1


def test_suffix_of_an_archived_job_works_without_the_service(fttui: Fttui, service: Service) -> None:
    service.jobs.append(job(5, id="ftjob-old", user_provided_suffix="old-one"))
    assert fttui("jobs", "list").code == 0
    del service.jobs[-1]
    service.server.requests.clear()
    assert fttui("jobs", "get", "old-one", "--offline", "--json").json["id"] == "ftjob-old"
    assert fttui("archive", "export", "old-one", "-o", "out").lines == ["out/ftjob-old"]
    assert fttui("archive", "delete", "old-one", "--yes").lines == ["ftjob-old"]
    assert service.lines == []
    result = fttui("archive", "delete", "old-one", "--yes")
    assert (result.code, "old-one is not in the archive" in result.err) == (1, True)


def test_suffix_of_several_jobs_lists_them_and_sends_no_change(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(7, "running", user_provided_suffix="twin")]
    assert fttui("jobs", "list").code == 0
    service.jobs.insert(0, job(8, "queued", user_provided_suffix="twin"))
    service.server.requests.clear()
    for verb in (["get"], ["cancel", "--yes"], ["watch"]):
        result = fttui("jobs", *verb, "twin")
        assert (result.code, result.out) == (2, "")
        assert "2 jobs have the suffix twin" in result.err
        assert "ftjob-007 (running, " in result.err
        assert "ftjob-008 (queued, " in result.err
    assert set(service.lines) == {"GET /fine_tuning/jobs"}


def test_id_is_not_taken_for_the_suffix_of_another_job(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(2, user_provided_suffix="run-1"), job(1, id="run-1")]
    for _ in range(2):  # from the list, then from the archive
        assert fttui("jobs", "get", "run-1", "--json").json["id"] == "run-1"
        assert fttui("jobs", "list").code == 0


def test_jobs_that_were_not_looked_at_are_named(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(n, user_provided_suffix=f"s{n}") for n in range(250, 0, -1)]
    result = fttui("jobs", "get", "s120", "--json")
    assert result.json["id"] == "ftjob-120"
    assert result.err == "s120 is ftjob-120. Jobs older than the newest 200 were not looked at.\n"


def test_job_of_another_profile_is_named_with_the_profile(fttui: Fttui, service: Service, home: Path) -> None:
    service.jobs = [job(1, "running", user_provided_suffix="lr-1")]
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text(
        f'[profiles.work]\nbase_url = "{service.server.url}"\napi_key_env = "OPENAI_API_KEY"\n'
    )
    assert fttui("jobs", "get", "work/lr-1", "--json", "--profile", "local").json["id"] == "ftjob-001"
    assert fttui("jobs", "cancel", "work/ftjob-001", "work/lr-1", "--yes").lines == ["ftjob-001\tcancelled"]
    result = fttui("jobs", "cancel", "work/lr-1", "..CCCC", "--yes")
    assert (result.code, "several profiles" in result.err) == (2, True)
    assert fttui("jobs", "get", "nowhere/lr-1").code == 1


def test_every_command_takes_jobs_of_another_profile(fttui: Fttui, service: Service, home: Path) -> None:
    service.jobs = [job(2, "running"), job(1, "running", user_provided_suffix="lr-1")]
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text(
        f'[profiles.work]\nbase_url = "{service.server.url}"\napi_key_env = "OPENAI_API_KEY"\n'
    )
    here = ("--profile", "local")
    for verb in ("get", "events", "checkpoints", "metrics"):
        assert fttui("jobs", verb, "work/lr-1", *here).code == 0, verb
    for verb in ("pause", "resume", "alarms"):
        assert fttui("jobs", verb, "work/lr-1", "work/ftjob-002", *here).code == 0, verb
    assert fttui("archive", "delete", "work/lr-1", "work/ftjob-002", "--yes", *here).code == 0
    assert fttui("jobs", "clone", "work/lr-1", "--json", *here).json["model"] == "gpt-4.1-nano"
    mixed = fttui("jobs", "pause", "work/lr-1", "ftjob-003", *here)
    assert (mixed.code, "Give the jobs of one profile in one command." in mixed.err) == (2, True)
