"""Rows of directories that the archive does not have yet."""

from pathlib import Path

import pytest

from fttui.runs import first_look as module
from fttui.runs.first_look import first_look
from fttui.runs.place import url_of
from tests.support.hf_runs import end, losses, save

NOW = 2_000_000_000.0
HISTORY = losses(range(10, 101, 10))


def test_newest_runs_come_first_with_their_state_and_step(tmp_path: Path) -> None:
    end(tmp_path / "old", HISTORY, at=NOW - 9000)
    save(tmp_path / "new", HISTORY, 50, at=NOW - 60)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "trainer_state.json").write_text("{")
    rows = first_look(url_of([str(tmp_path)]), 200, NOW)
    by_name = {row.suffix: (row.status_text, row.step, row.total_steps) for row in rows}
    assert by_name["old"] == ("succeeded", 100, 100)
    assert by_name["new"] == ("running", 50, 100)
    assert rows == sorted(rows, key=lambda row: row.created_at or 0.0, reverse=True)


def test_texts_are_cleaned(tmp_path: Path) -> None:
    end(tmp_path / "\x1b[31mred", HISTORY)
    (row,) = first_look(url_of([str(tmp_path)]), 200, NOW)
    assert row.suffix.isprintable()


@pytest.mark.parametrize("most", [("MOST_DIRECTORIES", 2), ("PATIENCE", 0.0)])
def test_too_many_directories_and_slow_disks_give_no_rows(
    tmp_path: Path, most: tuple[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        end(tmp_path / name, HISTORY)
    monkeypatch.setattr(module, *most)
    assert first_look(url_of([str(tmp_path)]), 200, NOW) == []


def test_directory_that_is_gone_gives_no_rows(tmp_path: Path) -> None:
    assert first_look(url_of([str(tmp_path / "gone")]), 200, NOW) == []
