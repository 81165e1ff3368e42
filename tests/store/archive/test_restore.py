"""Return from memory to the disk: records of the meantime are merged into the file."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.samples import StepSamples
from fttui.models.summary import Summary
from fttui.store.archive import database, set_aside
from fttui.store.archive.archive import Archive
from fttui.store.archive.jobs import ListState
from fttui.store.archive.verification import damaged_summaries, distrust_damaged
from tests.store.archive.test_faults import J, filled, shrink
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import entry, event, job, metrics, samples


class Disk:
    """A disk that can be made full and empty."""

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.full = False
        real = set_aside.prepare

        def prepare(path: str) -> tuple[str, list[str]]:
            if self.full:
                raise set_aside.Unusable("no space left on device")
            return real(path)

        patch.setattr(set_aside, "prepare", prepare)
        patch.setattr(database, "RETURN_EVERY", 0.0)

    async def fill(self, archive: Archive) -> None:
        """Make the disk full and let the archive notice."""
        self.full = True
        shrink(archive)
        await archive.files.save_content("file-large", b"x" * 100_000, 1.0)
        assert archive.path == ""


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path / "a.db", monkeypatch)


def opened(disk: Disk) -> Archive:
    return inline_archive(str(disk.path), "work")


async def see_things(archive: Archive) -> None:
    """Record in memory: a new job, a changed one, a gone one, newer and older events, files, models, a create."""
    await archive.jobs.save([entry(job(3)), entry(job(1, "failed"))], 5.0)
    await archive.jobs.set_gone(["ftjob-00002"], 6.0)
    assert await archive.events.append(
        J, [Event.read(metrics(J, n, 0.5)) for n in range(300, 320)], joined=True, cursor=None
    )
    new = [Event.read(event("ftjob-00003", n)) for n in range(50, 100)]
    assert await archive.events.append("ftjob-00003", new, joined=False, cursor=new[0].id)
    older = [Event.read(event("ftjob-00003", n)) for n in range(50)]
    assert await archive.events.prepend("ftjob-00003", older, asked=new[0].id, cursor=None)
    await archive.jobs.save_checkpoints("ftjob-00003", [Checkpoint.read({"id": "c1", "step_number": 1})])
    await archive.samples.save("ftjob-00003", [StepSamples.read(samples(1))])
    await archive.files.save_content("file-r", b"step,train_loss\n1,2\n", 5.0)
    await archive.files.save([("file-t", '{"id":"file-t"}')], 5.0)
    await archive.files.save_models([("m", '{"id":"m"}')], 5.0)
    await archive.jobs.save_summary("ftjob-00003", Summary(metric="train_loss", last=1, noise=0.5), "plateau")
    await archive.creates.remember("token", "{}", 5.0)
    await archive.files.remember_upload("digest", "file-t")
    await archive.routes.remember_absent("pause", 1e12)
    await archive.jobs.save_list_state(ListState(7.0, True, None, 7.0))


def seen(archive: Archive) -> dict[str, object]:
    ids = [row.id for row in archive.jobs.rows()]
    return {
        "rows": archive.jobs.rows(),
        "bodies": [archive.jobs.body(id) for id in ids],
        "events": [archive.events.raw(id) for id in ids],
        "seqs": [[row.seq for row in archive.events.rows(id, limit=10_000)] for id in ids],
        "points": [archive.events.points(id) for id in ids],
        "logs": [archive.events.state(id) for id in ids],
        "checkpoints": [archive.jobs.checkpoints(id) for id in ids],
        "samples": [archive.samples.all(id) for id in ids],
        "contents": [archive.files.content(file) for file in ("file-r", "file-large", "file-old")],
        "files": archive.files.all(),
        "models": archive.files.models(),
        "upload": archive.files.uploaded("digest"),
        "creates": archive.creates.pending(),
        "absent": archive.routes.absent(0.0),
        "list": archive.jobs.list_state(),
        "digests": archive.jobs.digests(),
    }


async def test_memory_is_written_to_the_disk_when_it_has_room(disk: Disk) -> None:
    await filled(disk.path)
    archive = opened(disk)
    await archive.files.save_content("file-old", b"old", 1.0)
    await disk.fill(archive)
    await see_things(archive)
    assert archive.path == ""
    held = seen(archive) | {"contents": [b"step,train_loss\n1,2\n", b"x" * 100_000, b"old"]}
    disk.full = False
    await archive.creates.forget("nobody")
    assert (archive.path, archive.notices) == (str(disk.path), [])
    assert seen(archive) == held
    await archive.events.append(J, [Event.read(event(J, 999))], joined=True, cursor=None)
    await archive.close()

    again = opened(disk)
    assert again.notices == []
    assert len(again.events.raw(J)) == 321
    assert len(again.events.raw("ftjob-00003")) == 100
    assert again.files.models() == held["models"]
    assert await distrust_damaged(again) == {}
    assert (damaged_summaries(again), again.creates.damaged()) == ([], {})
    for table in ("logs", "summaries", "models", "uploads", "creates"):
        assert again.database.query(f"SELECT count(*), count(*) - count(sum) FROM {table}")[0][1] == 0, table
    await again.close()


async def test_close_writes_memory_to_the_disk(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RETURN_EVERY", 1e9)
    await filled(disk.path)
    archive = opened(disk)
    await disk.fill(archive)
    await see_things(archive)
    held = seen(archive)
    disk.full = False
    await archive.close()
    again = opened(disk)
    assert seen(again) == held | {"contents": [b"step,train_loss\n1,2\n", b"x" * 100_000, None]}
    await again.close()


async def test_disk_full_at_the_start_gets_everything_later(disk: Disk) -> None:
    disk.full = True
    archive = opened(disk)
    assert "no space left" in archive.notices[0]
    await archive.jobs.save([entry(job(n)) for n in (2, 1)], 1.0)
    await see_things(archive)
    held = seen(archive)
    disk.full = False
    await archive.creates.forget("nobody")
    assert (archive.notices, seen(archive)) == ([], held)
    await archive.close()
    again = opened(disk)
    assert seen(again) == held
    await again.close()


async def test_full_disk_gives_one_notice(disk: Disk) -> None:
    await filled(disk.path)
    archive = opened(disk)
    await disk.fill(archive)
    for n in range(5):
        await archive.jobs.save([entry(job(10 + n))], 1.0)
    assert len(archive.notices) == 1
    await archive.close()


async def test_return_to_disk_keeps_rows_of_another_process(disk: Disk) -> None:
    await filled(disk.path)
    archive = opened(disk)
    await disk.fill(archive)
    await archive.jobs.save([entry(job(1, "running")), entry(job(8))], 5.0)
    mine = [Event.read(event(J, n)) for n in range(300, 340)]
    assert await archive.events.append(J, mine, joined=True, cursor=None)
    assert len(archive.events.raw(J)) == 340

    disk.full = False
    other = opened(disk)
    await other.jobs.save([entry(job(9)), entry(job(1, "succeeded"))], 9.0)
    theirs = [Event.read(event(J, n)) for n in range(305, 330)]
    assert await other.events.append(J, theirs, joined=True, cursor=None)
    before = other.events.raw(J)

    await archive.creates.forget("nobody")
    assert archive.path
    for each in (archive, other):
        assert {row.id: row.status_text for row in each.jobs.rows()} == {
            "ftjob-00009": "succeeded",
            "ftjob-00008": "succeeded",
            "ftjob-00002": "succeeded",
            "ftjob-00001": "succeeded",
        }
        assert each.events.raw(J) == before, "the events of two processes are not mixed"
        assert '"status":"succeeded"' in (each.jobs.body(J) or "")
        await each.close()


async def test_failed_return_to_disk_changes_nothing(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(disk.path)
    archive = opened(disk)
    await disk.fill(archive)
    await see_things(archive)
    held = seen(archive)
    disk.full = False

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr("fttui.store.archive.restore._rest", broken)
        await archive.creates.forget("nobody")
        assert archive.path == ""
        assert seen(archive) == held
        assert archive.events.rows(J, limit=1)[0].seq == 319
        with contextlib.closing(sqlite3.connect(disk.path)) as db:
            assert db.execute("SELECT count(*) FROM jobs").fetchone() == (2,)
    await archive.creates.forget("nobody")
    assert archive.path
    assert seen(archive)["events"] == held["events"]
    await archive.close()
