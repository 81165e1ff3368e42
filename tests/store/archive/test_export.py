"""Export of archived jobs to directories."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.metric import points_csv
from fttui.models.samples import StepSamples
from fttui.models.wire import SENT
from fttui.store.archive.archive import Archive
from fttui.store.archive.export import archived_points, export_job, file_name
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import entry, event, job, metrics, samples

J = "ftjob-00001"
BASE64 = b"c3RlcCx0cmFpbl9sb3NzLHRyYWluX2FjY3VyYWN5CjEsMC41LDAuMQoyLDAuMjUsMC4yCg=="


async def filled(archive: Archive, raw: dict[str, Any]) -> None:
    id = raw["id"]
    await archive.jobs.save([entry(raw)], 1.0)
    events = [Event.read(event(id, 0)), Event.read(metrics(id, 2, 0.251234)), Event.read(metrics(id, 3, 0.2))]
    await archive.events.append(id, events, joined=True, cursor=None)
    await archive.jobs.save_checkpoints(id, [Checkpoint.read({"id": "c1", "step_number": 2})])


@pytest.fixture
async def archive() -> Archive:
    found = inline_archive("", "work")
    await filled(found, job(1, training_file="file-t", result_files=["file-r", "file-x", "file-never"]))
    await found.files.save_content("file-r", BASE64, 1.0)
    await found.files.save_content("file-x", b"\x00\xff no table", 1.0)
    await found.files.save([("file-t", '{"id":"file-t","filename":"../../../etc/passwd"}')], 1.0)
    return found


async def test_samples_are_exported_one_step_a_line(archive: Archive, tmp_path: Path) -> None:
    await archive.samples.save(J, [StepSamples.read(samples(step)) for step in (0, 90)])
    lines = (Path(export_job(archive, J, str(tmp_path))) / "samples.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [samples(0), samples(90)]


def test_export_writes_a_directory_for_a_job(archive: Archive, tmp_path: Path) -> None:
    folder = Path(export_job(archive, J, str(tmp_path / "new" / "out")))
    assert folder == tmp_path / "new" / "out" / J
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoints.json",
        "events.jsonl",
        "file-r.csv",
        "file-x.bin",
        "files.json",
        "job.json",
        "metrics.csv",
    ]
    assert json.loads((folder / "job.json").read_text())["result_files"] == ["file-r", "file-x", "file-never"]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [item["message"] for item in events] == ["event 0", "event 2", "event 3"]
    assert json.loads((folder / "checkpoints.json").read_text()) == [{"id": "c1", "step_number": 2}]
    assert json.loads((folder / "files.json").read_text()) == [
        {"id": "file-t", "filename": "../../../etc/passwd"},
    ]
    assert (folder / "file-r.csv").read_text().startswith("step,train_loss,train_accuracy\n1,0.5")
    assert (folder / "file-x.bin").read_bytes() == b"\x00\xff no table"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_translated_objects_are_exported_as_the_provider_sent_them(tmp_path: Path) -> None:
    archive, sent = inline_archive("", "work"), {"job_id": "j", "n": 1}
    await archive.jobs.save([entry(job(1, **{SENT: sent}))], 1.0)
    await archive.events.append(J, [Event.read({"id": "e", SENT: "a line"})], joined=True, cursor=None)
    folder = Path(export_job(archive, J, str(tmp_path)))
    assert json.loads((folder / "job.json").read_text()) == sent
    assert (folder / "events.jsonl").read_text() == '"a line"\n'


def test_exported_metrics_prefer_events_over_result_files(archive: Archive, tmp_path: Path) -> None:
    folder = Path(export_job(archive, J, str(tmp_path)))
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    assert rows == [
        {"step": "1", "train_loss": "0.5", "train_mean_token_accuracy": "0.1"},
        {"step": "2", "train_loss": "0.251234", "train_mean_token_accuracy": "0.2"},
        {"step": "3", "train_loss": "0.2", "train_mean_token_accuracy": ""},
    ]
    assert points_csv(archived_points(archive, "nobody")) == "step\n"


def test_export_to_an_existing_directory_needs_force(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / J
    folder.mkdir()
    (folder / "job.json").write_text("mine")
    (folder / "notes.txt").write_text("mine too")
    outside = tmp_path / "outside"
    outside.write_text("not to be touched")
    (folder / "metrics.csv").symlink_to(outside)
    with pytest.raises(FileExistsError):
        export_job(archive, J, str(tmp_path))
    assert (folder / "job.json").read_text() == "mine"
    export_job(archive, J, str(tmp_path), force=True)
    assert json.loads((folder / "job.json").read_text())["id"] == J
    assert (folder / "notes.txt").read_text() == "mine too"
    assert outside.read_text() == "not to be touched"
    assert not (folder / "metrics.csv").is_symlink()


def test_export_of_an_unknown_job_raises_key_error(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        export_job(archive, "nobody", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "id",
    [
        "..",
        ".",
        "../../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "x" * 5000,
        "é" * 100,
        "ft:a::1",
        "a%2Fb",
        "metrics",
    ],
)
async def test_file_name_stays_in_the_directory_for_any_id(tmp_path: Path, id: str) -> None:
    archive = inline_archive("", "work")
    await filled(archive, job(1) | {"id": id, "result_files": [id]})
    await archive.files.save_content(id, BASE64, 1.0)
    out = tmp_path / "out"
    folder = Path(export_job(archive, id, str(out)))
    assert folder.parent == out
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert all(path.parent == folder for path in tmp_path.rglob("*.csv"))
    assert len(list(folder.glob("*.csv"))) == 2
    assert not folder.name.startswith(".")


def test_file_names_of_different_ids_differ() -> None:
    ids = ["a/b", "a%2Fb", "a_b", ".a", "%2Ea", "x" * 500, "x" * 501, "..", "."]
    assert len({file_name(id) for id in ids}) == len(ids)


async def test_exported_metrics_fall_back_to_checkpoints() -> None:
    archive = inline_archive("", "work")
    await archive.jobs.save([entry(job(1))], 1.0)
    assert archived_points(archive, J) == []
    sent = [{"id": f"c{n}", "step_number": n, "metrics": {"step": n, "train_loss": 1 / n}} for n in (20, 10)]
    await archive.jobs.save_checkpoints(J, [Checkpoint.read(raw) for raw in sent])
    assert points_csv(archived_points(archive, J)) == "step,train_loss\n10,0.1\n20,0.05\n"
