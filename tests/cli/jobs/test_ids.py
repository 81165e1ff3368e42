"""Job ids shortened to their end."""

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


def test_unknown_short_or_long_end_is_sent_as_typed(fttui: Fttui, service: Service) -> None:
    for typed in ("CCC", "nobody", "cccccccccccccccCCCC", "ftjob-x"):
        service.server.requests.clear()
        assert fttui("jobs", "get", typed).code == 1
        assert service.lines == [f"GET /fine_tuning/jobs/{typed}"]


def test_unknown_end_with_dots_is_a_usage_error(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "get", "..nobody")
    assert (result.code, service.lines) == (2, [])
    assert "ends with nobody" in result.err
    assert fttui("jobs", "get", "..").code == 2


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


def test_confirmation_shows_the_whole_id(service: Service, home: Path) -> None:
    terminal = Terminal(service, home, "jobs", "cancel", "CCCC")
    terminal.until(f"Cancel {C}? [y/N] ".encode())
    terminal.type(b"y\n")
    assert terminal.end() == 0


async def test_end_is_resolved_for_a_removed_profile(fttui: Fttui) -> None:
    archive = Archive(archive_file(), "left")
    await archive.jobs.save([entry(job(1, id="ftjob-left00000000000000"))], 1.0)
    await archive.close()
    result = await asyncio.to_thread(fttui, "jobs", "get", "..left00000000000000", "--offline", "--profile", "left")
    assert (result.code, "ftjob-left" in result.out) == (0, True)
