"""`fttui runs PATH` in a terminal: the first look, then the cockpit over it."""

from collections.abc import Callable
from pathlib import Path

from tests.support.hf_runs import end, losses
from tests.terminal.terminal import Terminal
from tests.terminal.test_terminal import assert_restored


def test_new_directory_is_listed_and_left_as_it_was(start: Callable[..., Terminal], tmp_path: Path) -> None:
    end(tmp_path / "scratch" / "night-1", losses(range(10, 101, 10)))
    terminal = start("runs", str(tmp_path / "scratch"))
    terminal.wait("night-1")
    terminal.wait("train  1.90")
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)
    assert [path.name for path in (tmp_path / "scratch").rglob("*")] == ["night-1", "trainer_state.json"]
