"""Runs that other programs started: read by all commands, archived, merged, and never changed."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.cli.jobs import alarms
from tests.cli.conftest import Result, bare, clock, home
from tests.support.clock import START
from tests.support.hf_runs import end, from_curve, losses, save
from tests.support.simulated_runs import CURVES

__all__ = ["bare", "clock", "home"]

Fttui = Callable[..., Result]
HISTORY = losses(range(10, 101, 10))
SICK = {
    **dict.fromkeys(("diverge-x40", "diverge-x100", "diverge-x300", "diverge-x2000"), "diverging"),
    **dict.fromkeys(("overfit", "overfit-small-data"), "overfitting"),
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    found = tmp_path / "scratch"
    found.mkdir()
    return found


@pytest.fixture
def fttui(bare: Fttui, runs: Path) -> Fttui:
    config = Path(os.environ["FTTUI_CONFIG"])
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'profile = "scratch"\n[profiles.scratch]\nprovider = "runs"\ndirectory = "{runs}"\n')
    return bare


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(root.rglob("*"))}


def test_all_sick_runs_raise_their_alarm_and_the_healthy_ones_none(fttui: Fttui, runs: Path) -> None:
    for curve in CURVES.glob("*.csv"):
        from_curve(runs / curve.stem, curve)
    before = snapshot(runs)
    found = fttui("jobs", "alarms", *(curve.stem for curve in sorted(CURVES.glob("*.csv"))))
    assert {cells[0]: cells[1] for cells in found.cells if len(cells) > 1} == SICK
    assert len(fttui("jobs", "list").cells) == 8
    assert snapshot(runs) == before, "nothing is written below the directory"


def test_alarms_of_runs_that_nobody_has_looked_at_are_found(fttui: Fttui, runs: Path) -> None:
    for name in SICK:
        from_curve(runs / name, CURVES / f"{name}.csv")
    found = fttui("jobs", "alarms")
    assert {cells[0]: cells[1] for cells in found.cells if len(cells) > 1} == SICK


def test_alarms_say_that_older_runs_were_not_read(fttui: Fttui, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "NEWEST", 2)
    for number in range(3):
        end(runs / f"run{number}", HISTORY)
    assert (
        "Only the newest 2 jobs were read; there are more. To read them: fttui archive sync"
        in fttui("jobs", "alarms").err
    )
    assert fttui("archive", "sync").code == 0
    assert "newest" not in fttui("jobs", "alarms").err


def test_first_list_of_runs_has_their_losses_and_alarms(fttui: Fttui, runs: Path) -> None:
    from_curve(runs / "overfit", CURVES / "overfit.csv")
    first = fttui("jobs", "list")
    (cells,) = first.cells
    assert "overfitting" in cells
    assert cells[9], "a loss"
    assert fttui("jobs", "list").cells == [cells]
    assert fttui("jobs", "list", "--offline").cells == [cells]


def test_list_of_runs_filters_and_sorts_by_losses_that_were_not_read(fttui: Fttui, runs: Path) -> None:
    for name in ("overfit", "good"):
        from_curve(runs / name, CURVES / f"{name}.csv")
    assert [cells[0] for cells in fttui("jobs", "list", "--filter", "alarm:overfitting").cells] == ["overfit"]
    assert len(fttui("jobs", "list", "--sort", "loss", "--all").cells) == 2


def test_list_of_runs_has_what_a_log_got_since_the_last_list(fttui: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY)
    (before,) = fttui("jobs", "list").cells
    end(runs / "a", [*HISTORY, {"step": 110, "loss": 0.01, "eval_loss": 0.5}])
    (after,) = fttui("jobs", "list").cells
    assert before[7] == "100"
    assert after[7] == "110"
    assert after[9] != before[9]


def test_run_is_a_job_with_metrics_checkpoints_and_log(fttui: Fttui, runs: Path) -> None:
    save(runs / "exp" / "sft", HISTORY, 50, at=START - 900)
    end(runs / "exp" / "sft", HISTORY, seconds=600, at=START - 60)
    shown = dict(cells[:2] for cells in fttui("jobs", "get", "exp/sft").cells if len(cells) > 1)
    assert (shown["status"], shown["method"], shown["n epochs"]) == ("succeeded", "supervised", "3")
    points = fttui("jobs", "metrics", "exp/sft", "--csv").lines
    assert points[0].startswith("step,")
    assert len(points) == 11
    (saved,) = fttui("jobs", "checkpoints", "exp/sft").cells
    assert saved[1] == "50"
    assert str(runs / "exp" / "sft" / "checkpoint-50") in saved
    assert "Training took 10m 00s" in fttui("jobs", "events", "exp/sft").out
    sent = fttui("jobs", "get", "exp/sft", "--json").json
    assert sent["directory"] == str(runs / "exp" / "sft")


def test_settings_of_a_state_alone_are_in_the_list(fttui: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY, train_batch_size=4)
    (cells,) = fttui("jobs", "list").cells
    assert cells[16:18] == ["0.0001", "4"]


def test_configuration_of_another_source_counts_before_a_state(fttui: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY, train_batch_size=4)
    (runs / "a" / "metrics.csv").write_text("step,train_loss\n10,2.0\n")
    (runs / "a" / "hparams.yaml").write_text("learning_rate: 0.5\nbatch_size: 7\n")
    (cells,) = fttui("jobs", "list").cells
    assert cells[16:18] == ["0.5", "7"]


def test_broken_file_of_a_run_is_told_by_list_and_get(fttui: Fttui, runs: Path) -> None:
    save(runs / "a", HISTORY, 50)
    text = (path := end(runs / "a", HISTORY)).read_text()
    path.write_text(text[:300])
    assert "a has files that cannot be read completely: fttui jobs get a" in fttui("jobs", "list").err
    assert "fttui: note: trainer_state.json is not complete." in fttui("jobs", "get", "a").err
    assert "note" not in fttui("jobs", "get", "a", "--json").out


def test_unknown_status_is_refused_where_all_states_are_known(fttui: Fttui, runs: Path) -> None:
    refused = fttui("jobs", "list", "--status", "bogus")
    assert (refused.code, refused.out) == (2, "")
    assert "--status: unknown status 'bogus'. Known: running, stalled, queued" in refused.err
    assert fttui("jobs", "list", "--status", "stalled").code == 0


def test_piped_alarms_have_times_as_other_commands(fttui: Fttui, runs: Path) -> None:
    from_curve(runs / "overfit", CURVES / "overfit.csv")
    (cells,) = fttui("jobs", "alarms").cells
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", cells[3])


def test_offline_the_archive_has_what_was_read(fttui: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY)
    read = fttui("jobs", "metrics", "a", "--csv").out
    assert fttui("archive", "sync").code == 0
    for path in (runs / "a").iterdir():
        path.unlink()
    (runs / "a").rmdir()
    assert fttui("jobs", "metrics", "a", "--csv", "--offline").out == read
    assert fttui("jobs", "list").cells == []


@pytest.mark.parametrize(
    "command",
    [
        ("jobs", "cancel", "a", "--yes"),
        ("jobs", "pause", "a"),
        ("jobs", "resume", "a"),
        ("jobs", "delete", "a", "--yes"),
        ("jobs", "create", "--model", "m", "--training-file", "f"),
        ("models", "delete", "m", "--yes"),
    ],
)
def test_actions_are_refused_with_the_reason(fttui: Fttui, runs: Path, command: tuple[str, ...]) -> None:
    end(runs / "a", HISTORY)
    refused = fttui(*command)
    assert refused.code == 2
    assert "was started by another program" in refused.err


def test_command_opens_the_cockpit_on_a_place_that_scripts_name_by_its_url(bare: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY)
    opened = bare("runs", str(runs))
    url = opened.code.base_url
    assert url == f"file://{runs}"
    assert [cells[0] for cells in bare("jobs", "list", "--base-url", url).cells] == ["a"]
    assert bare("runs", str(runs / "nowhere")).code == 2
    assert bare("--offline", "runs", str(runs / "nowhere")).code.offline


@pytest.mark.parametrize("flags", [(), ("--offline",)])
def test_removed_working_directory_is_named(
    bare: Fttui, tmp_path: Path, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    refused = bare(*flags, "runs")
    assert (refused.code, "the working directory does not exist any more" in refused.err) == (2, True)


def test_directories_of_a_profile_may_be_several(bare: Fttui, runs: Path) -> None:
    end(runs / "x" / "a", HISTORY)
    end(runs / "y" / "b", HISTORY)
    assert bare("profile", "add", "both", "--provider", "runs", "--directory", f"{runs}/*").code == 0
    listed = bare("jobs", "list", "--profile", "both").cells
    assert sorted(cells[0] for cells in listed) == ["x/a", "y/b"]
    assert bare("jobs", "get", "both/x/a").code == 0


def test_missing_directory_is_no_empty_list(fttui: Fttui, runs: Path) -> None:
    end(runs / "a", HISTORY)
    assert fttui("archive", "sync").code == 0
    runs.rename(runs.with_name("unmounted"))
    failed = fttui("jobs", "list")
    assert (failed.code, str(runs) in failed.err) == (3, True)
    assert [cells[0] for cells in fttui("jobs", "list", "--offline").cells] == ["a"]


def test_hostile_names_and_texts_reach_the_terminal_cleaned(fttui: Fttui, runs: Path) -> None:
    run = runs / "a\x1b]0;title\x07b"
    end(run, HISTORY)
    (run / "config.json").write_text(json.dumps({"_name_or_path": "m\x1b[31m[bold]odel"}))
    listed = fttui("jobs", "list")
    assert (listed.code, len(listed.cells)) == (0, 1)
    assert "\x1b" not in listed.out
    id = listed.cells[0][0]
    assert fttui("jobs", "metrics", id, "--csv").code == 0
    assert "[bold]odel" in listed.out
