"""A lost or damaged database: it is set aside and rebuilt, and no content is deleted."""

import errno
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fttui import sqlite
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from fttui.server.storage.checksums import install
from fttui.server.storage.schema import MIGRATIONS
from tests.server.conftest import FAKE, GOOD, add_file, add_job, run_until, until


def reopened(service: Service, change: Callable[[str], object], *, killed: bool = False) -> Service:
    """Close a service, or leave it like a killed one, change its database on the disk, and open the next service."""
    service.runner.close(save=True)
    home = service.paths.home
    if killed:
        for name in ("-wal", ""):
            path = service.paths.database + name
            data = Path(path).read_bytes()
            Path(f"{path}.killed").write_bytes(data)
        service.database.close()
        for name in ("-wal", ""):
            path = service.paths.database + name
            os.replace(f"{path}.killed", path)
    else:
        service.close()
    change(service.paths.database)
    return open_service(home, catalog=Catalog([FAKE]))


def contents(service: Service) -> dict[str, Any]:
    """Return everything that clients can see."""
    jobs, _ = service.database.jobs.page(after=None, limit=99, metadata={})
    return {
        "jobs": jobs,
        "files": service.database.files.page(after=None, limit=99, purpose=None, ascending=True, now=0)[0],
        "events": [service.database.events.page(job, after=None, limit=999)[0] for job in jobs],
        "checkpoints": [service.database.checkpoints.page(job, after=None, limit=99)[0] for job in jobs],
        "samples": [list(service.database.samples.every(job)) for job in jobs],
        "models": service.database.models.all(),
        "contents": {name: Path(service.paths.file(name)).read_bytes() for name in os.listdir(service.paths.files)},
    }


def empty(path: str) -> None:
    Path(path).write_bytes(b"")
    Path(f"{path}-wal").unlink(missing_ok=True)


def remove(path: str) -> None:
    for tail in ("", "-wal", "-shm"):
        Path(path + tail).unlink(missing_ok=True)


def truncate(path: str) -> None:
    os.truncate(path, os.path.getsize(path) * 2 // 3)


def flip_150_bits(path: str) -> None:
    data, chance = bytearray(Path(path).read_bytes()), random.Random(11)
    for _ in range(150):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    Path(path).write_bytes(data)


def raise_version(path: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


def overwrite(path: str) -> None:
    Path(path).write_bytes(b"not a database" * 1000)


@pytest.fixture
def service(home: str) -> Service:
    """Service that each test closes itself."""
    return open_service(home, catalog=Catalog([FAKE]))


DAMAGES = [empty, remove, truncate, flip_150_bits, raise_version, overwrite]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("killed", [False, True])
def test_a_damaged_database_is_rebuilt_and_named(service: Service, damage: Any, killed: bool) -> None:
    ended = add_job(service, metadata={"a": "b"})
    run_until(service, ended, "succeeded")
    service.copy.make()
    add_file(service, b"later", "batch")
    add_job(service)
    before = contents(service)
    again = reopened(service, damage, killed=killed)
    try:
        assert contents(again) == before
        names = [name for name in os.listdir(again.paths.home) if name.startswith("service.db.aside-")]
        told = "\n".join(again.notices)
        assert all(name.removesuffix("-wal").removesuffix("-shm") in told for name in names)
        # A write-ahead log that a killed service left has whole pages, which repair some damage.
        assert "rebuilt from" in told or (killed and damage in (truncate, flip_150_bits))
    finally:
        again.runner.close(save=True)
        again.database.close()


@pytest.mark.parametrize(
    ("table", "column"), [("file", "id"), ("file", "purpose"), ("job", "status"), ("event", "message")]
)
def test_one_changed_bit_of_a_row_is_noticed(service: Service, table: str, column: str) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    before = contents(service)
    with closing(sqlite3.connect(service.paths.database)) as other:
        value = other.execute(f"SELECT {column} FROM {table}").fetchone()[0].encode()

    def flip(path: str) -> None:
        data = Path(path).read_bytes()
        assert value in data
        changed = bytes([value[-1] ^ 1])
        Path(path).write_bytes(data.replace(value, value[:-1] + changed))

    again = reopened(service, flip)
    try:
        assert contents(again) == before
        assert any("could not be used" in notice for notice in again.notices)
    finally:
        again.runner.close(save=True)
        again.database.close()


def test_a_sound_database_gives_no_notice(service: Service) -> None:
    add_job(service)
    for killed in (True, False):
        before = contents(service)
        service = reopened(service, lambda path: None, killed=killed)
        assert contents(service) == before
        assert service.notices == ()
        assert not [name for name in os.listdir(service.paths.home) if "aside" in name]
    service.database.close()


def test_any_text_keeps_its_checksum(service: Service) -> None:
    odd = "a\0b\n\u00e9\U0001fae9\uffff'\"\\"
    add_job(service, metadata={odd: odd, "k": ""}, suffix="x")
    with service.database._database.transaction() as sql:
        sql.execute("UPDATE job SET suffix = ?", (odd,))
    before = contents(service)
    again = reopened(service, lambda path: None)
    assert again.notices == ()
    assert contents(again) == before
    again.database.close()


def test_a_checksum_is_the_same_in_every_version() -> None:
    with closing(sqlite.connect_memory()) as connection:
        install(connection, False)
        assert connection.execute("SELECT row_sum(1, 'caf\u00e9', NULL, 2.5)").fetchone()[0] == 2697253987


def test_a_lost_write_ahead_log_is_made_good_from_the_journal(service: Service) -> None:
    service.copy.make()
    add_file(service, b"one")
    add_file(service, b"two")
    before = contents(service)
    again = reopened(service, lambda path: os.unlink(f"{path}-wal"), killed=True)
    assert contents(again) == before
    assert again.notices
    again.database.close()


def test_a_content_without_a_row_is_kept_and_named(service: Service) -> None:
    Path(service.paths.file("file-unknown")).write_bytes(GOOD)
    Path(service.paths.part("part-unknown")).write_bytes(b"x")
    again = reopened(service, lambda path: None)
    kept = Path(again.paths.unknown, "file-unknown")
    assert kept.read_bytes() == GOOD
    assert Path(again.paths.unknown, "part-unknown").read_bytes() == b"x"
    assert [again.paths.unknown in notice and kept.name in notice for notice in again.notices] == [True]
    assert os.listdir(again.paths.files) == []
    again.database.close()


def test_a_content_that_was_not_accepted_is_removed(service: Service) -> None:
    for path in (service.paths.file("file-x"), os.path.join(service.paths.uploads, "file-x")):
        Path(path).write_bytes(GOOD)
    again = reopened(service, lambda path: None)
    assert os.listdir(again.paths.files) == os.listdir(again.paths.uploads) == []
    assert again.notices == ()
    again.database.close()


def test_a_damaged_database_never_replaces_its_copy(service: Service) -> None:
    service.copy.make()
    sound = Path(service.paths.copy).read_bytes()
    with sqlite3.connect(service.paths.database) as other:
        other.execute("UPDATE meta SET value = 'changed by another program' WHERE key = 'salt'")
    add_file(service)
    assert "checksum" in service.copy.make()
    assert Path(service.paths.copy).read_bytes() == sound


def test_a_change_that_cannot_be_committed_is_not_in_the_journal(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, size = service.database.number, os.path.getsize(service.paths.journal)
    writes: list[int] = []

    def full(file: int, data: bytes) -> int:
        if writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        writes.append(real(file, bytes(data)[:20]))
        return writes[0]

    real = os.write
    monkeypatch.setattr("fttui.server.storage.journal.os.write", full)
    with pytest.raises(OSError, match="No space left"):
        service.database.files.delete("file-x")
    monkeypatch.undo()
    assert writes == [20]
    assert (service.database.number, os.path.getsize(service.paths.journal)) == (before, size)
    service.database.files.delete("file-x")
    assert service.database.number == before + 1


def test_a_large_database_as_it_was_closed_is_checked_after_the_start(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fttui.server.storage.recovery.LARGE", 1)
    add_job(service)
    before = contents(service)
    checked: list[bool] = []
    monkeypatch.setattr("fttui.server.storage.checksums.damage", lambda connection: checked.append(True) or "")
    service = reopened(service, lambda path: checked.clear())
    assert checked == []
    service.copy.make_due()
    assert checked == [True]
    service = reopened(service, lambda path: checked.clear(), killed=True)
    assert checked == [True]
    assert contents(service) == before
    service.database.close()


def test_damage_found_by_a_query_is_noted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not service.database.is_corrupt
    with open(service.paths.database, "r+b") as file, closing(sqlite3.connect(service.paths.database)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.seek(4096)
        file.write(b"\xff" * (os.path.getsize(service.paths.database) - 4096))
    with pytest.raises(OSError, match="malformed"):
        service.database.files.page(after=None, limit=9, purpose=None, ascending=True, now=0)
    assert service.database.is_corrupt
    service.database.close()


def test_a_copy_is_given_up_when_the_service_ends(service: Service) -> None:
    add_job(service)
    service.copy._ending.set()
    assert service.copy.make() == ""
    assert not os.path.exists(service.paths.copy)
    service.close()
    assert os.path.exists(service.paths.copy)


def test_without_copy_and_journal_jobs_and_files_come_from_the_disk(service: Service) -> None:
    ended = add_job(service, metadata={"a": "b"})
    run_until(service, ended, "succeeded")
    until(lambda: not service.runner.tick())
    running = add_job(service, "slow")
    run_until(service, running, "running")
    loose = add_file(service, b"loose")
    before = contents(service)

    def lose_everything(path: str) -> None:
        remove(path)
        for name in os.listdir(service.paths.home):
            if name == "copy":
                shutil.rmtree(os.path.join(service.paths.home, name))

    again = reopened(service, lose_everything)
    after = contents(again)
    volatile = {"seq": 0, "status": "", "offset": 0, "step": 0, "total_steps": None, "tidied": False}
    volatile |= {"estimated_finish": None}
    assert [job._replace(**volatile) for job in after["jobs"]] == [job._replace(**volatile) for job in before["jobs"]]
    assert [job.status for job in after["jobs"]] == ["running", "succeeded"]
    assert after["contents"] == before["contents"]
    assert {file._replace(seq=0) for file in after["files"] if file.id != loose} == {
        file._replace(seq=0) for file in before["files"] if file.id != loose
    }
    assert after["models"] == before["models"]
    assert [one._replace(seq=0) for one in after["samples"][1]] == [one._replace(seq=0) for one in before["samples"][1]]
    assert [one.step for one in after["samples"][1]] == [2, 4]
    assert [[one.id for one in some] for some in after["checkpoints"]][1:] == [
        [one.id for one in some] for some in before["checkpoints"]
    ][1:]
    assert again.database.jobs.page(after=None, limit=9, metadata={"a": "b"})[0][0].id == ended
    assert any("2 jobs and" in notice and "names of 1 files" in notice for notice in again.notices)
    assert not any("events" in notice for notice in again.notices)
    last, *events = after["events"][-1]
    assert "was restored from its directory" in last.message
    assert [event._replace(seq=0, id="") for event in events] == [
        event._replace(seq=0, id="") for event in before["events"][-1]
    ]
    run_until(again, running, "succeeded", "running")
    again.runner.close(save=True)
    again.database.close()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"record": {"job": {}}}', b"\xff", b"[" * 100_000])
def test_a_job_directory_without_a_record_is_left_alone(service: Service, content: bytes) -> None:
    directory = Path(service.paths.job("ftjob-strange"))
    directory.mkdir()
    (directory / "job.json").write_bytes(content)
    add_file(service)
    shutil.rmtree(os.path.dirname(service.paths.copy))
    again = reopened(service, remove)
    assert (directory / "job.json").read_bytes() == content
    assert again.database.jobs.page(after=None, limit=9, metadata={}) == ([], False)
    again.database.close()


def test_a_database_of_a_newer_program_stays_and_another_is_used(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())

    def upgrade(path: str) -> None:
        raise_version(path)
        raise_version(service.paths.copy)

    again = reopened(service, upgrade)
    assert again.database.jobs.get(id) is not None
    assert os.path.exists(service.paths.database)
    assert "newer fttui" in again.notices[0]
    assert again.paths.database != service.paths.database
    again.database.close()


def test_damaged_events_of_an_ended_job_are_restored_as_far_as_possible(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())
    path = Path(service.paths.job(id), "events.jsonl.gz")
    path.write_bytes(b"not a gzip file")
    shutil.rmtree(os.path.dirname(service.paths.copy))
    again = reopened(service, remove)
    assert any("The events of 1 ended jobs are lost" in notice for notice in again.notices)
    assert again.database.jobs.get(id) is not None
    again.database.close()


@pytest.mark.parametrize("change", [lambda path: None, remove])
def test_check_and_repair_of_a_large_database_tell_their_progress(
    service: Service, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_job(service)
    for module in ("recovery", "safety_copy"):
        monkeypatch.setattr(f"fttui.server.storage.{module}.STEP", 10)
    told: list[str] = []
    monkeypatch.setattr("fttui.server.service.StartProgress.tick", lambda self: told.append(self._path) or 0)
    again = reopened(service, change)
    assert set(told) == {os.path.join(service.paths.home, "starting")}
    assert not os.path.exists(told[0])
    again.database.close()
