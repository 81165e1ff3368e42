"""Files exported from the panes."""

import csv
import io
import json
from pathlib import Path

from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.ui.cockpit.pane_export import jobs_csv
from tests.support.fake_store import FakeStore, event, job
from tests.support.ui_fakes import cockpit

ID = "ftjob-00000001"


async def test_each_pane_exports_its_content_and_asks_before_overwriting(tmp_path: Path) -> None:
    store = FakeStore().put(job(1), job(2, "failed"))
    store.log = {ID: [event(1, "first\nline"), event(2, "second")]}
    async with cockpit(store) as ui:

        async def write_to(path: Path) -> None:
            await ui.press("e", "ctrl+u", *str(path), "enter")

        await ui.press("4")
        await write_to(tmp_path / "jobs.csv")
        assert "Wrote" in ui.prompt
        rows = list(csv.DictReader(io.StringIO((tmp_path / "jobs.csv").read_text(encoding="utf-8"))))
        assert [row["id"] for row in rows] == ["ftjob-00000002"]
        await ui.press("0", "g", "enter")
        await write_to(tmp_path / "job.json")
        assert json.loads((tmp_path / "job.json").read_text(encoding="utf-8")) == store.raw[ID]
        await write_to(tmp_path / "curve.csv")
        assert (tmp_path / "curve.csv").read_text(encoding="utf-8").split() == [
            "step,train_loss,valid_loss",
            "1,2.0,",
            "2,1.0,",
            "3,,9.0",
        ]
        await ui.press("enter")
        await write_to(tmp_path / "events.jsonl")
        lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["message"] for line in lines] == ["first\nline", "second"]
        await write_to(tmp_path / "job.json")
        assert "Overwrite" in ui.prompt
        await ui.press("n")
        assert "{" in (tmp_path / "job.json").read_text(encoding="utf-8")
        await write_to(tmp_path / "log")
        assert "first line" in (tmp_path / "log").read_text(encoding="utf-8")
        await write_to(tmp_path / "none" / "x")
        assert "No such file or directory" in ui.prompt


def test_csv_cell_with_a_formula_is_escaped() -> None:
    for text in ("=HYPERLINK(1)", "+cmd", "-cmd", "@SUM(1)", "\t=1", "\r=1"):
        (row,) = csv.DictReader(io.StringIO(jobs_csv([JobRow("a", "running", suffix=text, loss=-0.5)]), newline=""))
        assert (row["suffix"], row["loss"]) == (f"'{text}", "-0.5")


def test_csv_has_the_numbers_of_the_run_after_the_old_columns() -> None:
    summary = Summary("valid_loss", 1.5, 9, 1.25, 8, 1.0, noise=0.01)
    row = JobRow("a", "running", summary=summary, epochs="3", rate="2", alarms="overfitting")
    head, cells = csv.reader(io.StringIO(jobs_csv([row])))
    assert head[11:15] == ["loss", "gone", "metric", "last"]
    assert (
        dict(zip(head, cells, strict=True)).items()
        >= {
            "metric": "valid_loss",
            "best": "1.25",
            "best_step": "8",
            "gap": "0.5",
            "learning_rate": "2",
            "alarms": "overfitting",
        }.items()
    )


async def test_export_without_a_job_is_refused_in_detail_and_log() -> None:
    async with cockpit(FakeStore()) as ui:
        await ui.press("tab", "e")
        assert (ui.pane, ui.prompt) == ("curve", "No job is selected.")
        await ui.press("]", "e")
        assert (ui.pane, ui.prompt) == ("detail", "No job is selected.")


async def test_export_line_with_a_format_of_another_pane_is_refused() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("colon", *"export jsonl", "enter")
        assert ui.prompt == "The jobs pane can be written as csv or json."
