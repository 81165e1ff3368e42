"""The files pane: list, marks, download and deletion."""

from pathlib import Path

import pytest

from fttui.models.file import File
from fttui.models.job import Job
from fttui.store.health import State
from fttui.ui.panes.files import FileRow, file_rows
from tests.support.fake_store import NOW, FakeStore, job
from tests.support.ui_fakes import cockpit


def known(id: str) -> File | None:
    return File.read({"id": id, "filename": f"{id}.jsonl", "bytes": 10}) if id == "file-train" else None


TO_FILES = ("[", "tab")
"""Keys from the job list to the files pane."""


def store() -> FakeStore:
    return FakeStore().put(job(1, "succeeded", validation_file="file-valid", result_files=["file-r1"]), job(2))


def test_files_of_the_job_come_first_without_duplicates() -> None:
    raw = job(1, validation_file="file-train", result_files=["file-r1"])
    others = [File.read({"id": "file-train"}), File.read({"id": "file-other", "status": "error"})]
    rows = file_rows(Job.read(raw), known, others, {"file-r1"})
    assert rows == [
        FileRow("file-train", "training", "file-train.jsonl", 10),
        FileRow("file-r1", "result", note="deleted"),
        FileRow("file-other", note="error"),
    ]


def test_file_ids_have_a_profile_prefix_when_several_profiles_are_shown() -> None:
    others = [File.read({"id": "work/file-train"}), File.read({"id": "local/file-train"})]
    rows = file_rows(Job.read(job(1)), known, others, prefix="work/")
    assert [(row.id, row.role) for row in rows] == [("work/file-train", "training"), ("local/file-train", "")]


@pytest.mark.parametrize("id", ["file-1", "../../etc/passwd", ".hidden", "a/b\\c:d", ""])
def test_local_name_of_a_file_is_safe_for_every_id(id: str) -> None:
    name = FileRow(id, "result").local_name
    assert name.endswith(".csv")
    assert not name.startswith(".")
    assert not set(name) & set("/\\:")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60), (100, 14)])
async def test_files_are_reachable_by_tab_at_every_size(size: tuple[int, int]) -> None:
    async with cockpit(store(), size=size) as ui:
        while ui.main.panes.tab != "files":
            await ui.press("]")
        while ui.pane != "files":
            await ui.press("tab")
        screen = "\n".join(ui.screen)
        assert ">Files" in screen
        assert "training" in screen
        assert "file-r1" in screen
        assert "file-known" in screen, "files of the provider"
        await ui.press("escape")
        assert ">Files" not in "\n".join(ui.screen)


async def test_file_deletion_asks_and_shows_the_file_as_deleted() -> None:
    async with cockpit(store()) as ui:
        await ui.press(*TO_FILES, "j", "D")
        assert "Delete the validation file file-valid from local? run-1 used it." in ui.prompt
        await ui.press("enter")
        assert ui.store.sent == []
        await ui.press("D", "y")
        assert ui.store.sent == [("delete_files", "file-valid")]
        assert "Deleted file-valid" in "\n".join(ui.screen)


async def test_marked_files_are_deleted_together() -> None:
    async with cockpit(store()) as ui:
        await ui.press(*TO_FILES, "asterisk", "D")
        assert "Delete 4 files from local? 2 jobs used them: run-1 and run-2." in ui.prompt
        await ui.press("n", "escape", "space", "space", "D", "y")
        assert ui.store.sent == [("delete_files", "file-train", "file-valid")]
        assert ui.main.side.files.marks == frozenset()


async def test_refused_file_deletion_keeps_marks_and_shows_the_reason() -> None:
    async with cockpit(store()) as ui:
        ui.store.refusal = "it is in use"
        await ui.press(*TO_FILES, "space", "D", "y")
        assert "file-train was not deleted: it is in use" in ui.prompt
        assert ui.main.side.files.marks == {"file-train"}
        await ui.press("exclamation_mark")
        assert any("it is in use" in line for line in ui.screen)


async def test_download_asks_for_a_path_and_decodes_only_result_files(tmp_path: Path) -> None:
    async with cockpit(store()) as ui:
        await ui.press(*TO_FILES, "j", "j", "e")
        assert ui.prompt == "download to: file-r1.csv"
        await ui.press("ctrl+u", *str(tmp_path / "curve.csv"), "enter")
        assert ui.store.sent == [("download", "file-r1", str(tmp_path / "curve.csv"), "as CSV")]
        assert "Wrote" in ui.prompt
        await ui.press("k", "e", "ctrl+u", *str(tmp_path / "valid.csv"), "enter")
        assert ui.store.sent[-1][-1] == "as sent", "only result files are base64"


async def test_download_asks_before_overwriting(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious", encoding="utf-8")
    async with cockpit(store()) as ui:
        await ui.press(*TO_FILES, "e", "ctrl+u", *str(tmp_path / "mine.csv"), "enter")
        assert ui.prompt.startswith("Overwrite ")
        await ui.press("enter")
        assert ui.store.sent == []


async def test_tuned_model_and_archived_copy_are_deleted_separately() -> None:
    found = FakeStore().put(job(1, "succeeded", fine_tuned_model="ft:gpt:acme:v3:8J6LXhXG", finished_at=NOW))
    async with cockpit(found) as ui:
        await ui.press("D")
        assert ui.prompt == "Delete what of run-1 (..00000001)?  j job  m model   esc nothing"
        await ui.press("m")
        question = "Delete the model of run-1 (ft:gpt:acme:v3:8J6LXhXG)? Requests to it will fail. y/N"
        assert ui.prompt == question
        await ui.press("y")
        await ui.publish(state=State.OFFLINE, why="the provider lists no jobs")
        await ui.press("D", "a")
        assert "There is no other copy" in ui.prompt
        await ui.press("y")
        assert found.sent == [("delete_model", "ft:gpt:acme:v3:8J6LXhXG"), ("forget", "ftjob-00000001")]


async def test_more_than_ten_objects_are_confirmed_by_their_number() -> None:
    found = FakeStore().put(*(job(number, "succeeded") for number in range(12)))
    async with cockpit(found) as ui:
        await ui.publish(state=State.OFFLINE, why="the provider lists no jobs")
        await ui.press("asterisk", "D", "a", "y", "enter")
        assert found.sent == []
        assert ui.prompt == "Nothing changed."
        await ui.press("D", "a")
        assert "Type 12 to delete 12 jobs: _" in ui.prompt
        await ui.press("1", "2", "enter")
        assert len(found.sent[0]) == 13


async def test_read_only_session_refuses_every_deletion() -> None:
    async with cockpit(store(), read_only=True) as ui:
        await ui.press("D")
        assert "read-only" in ui.prompt
        await ui.press(*TO_FILES, "D", "y")
        assert ui.store.sent == []
