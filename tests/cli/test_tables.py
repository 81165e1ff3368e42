"""Columns of the tables of jobs, checkpoints and models, by the width of the terminal."""

from typing import Any

import pytest

from fttui.cli.output import Output, say, table
from fttui.cli.tables import JobTable, figure, judged_checkpoint_columns, model_columns
from fttui.learning.checkpoints import judged_checkpoints
from fttui.learning.run import Run
from fttui.models.checkpoint import Checkpoint
from fttui.models.file import Model
from fttui.models.row import JobRow
from fttui.models.summary import Summary

TUNED = "ft:gpt-4.1-nano-2025-04-14:acme::9fKlP2Qx"
ROWS = [
    JobRow(
        "ftjob-85l7Pv885gA548uE5W0a3zQk",
        "running",
        "gpt-4.1-nano-2025-04-14",
        "ten-epochs",
        created_at=40.0,
        step=640,
        total_steps=900,
        loss=0.98512,
    ),
    JobRow("ftjob-0a3zQk85l7Pv885g8zkkbwKd", "succeeded", "gpt-4o-mini-2024-07-18", "", "dpo", TUNED, 0.0),
]


def lines(rows: list[JobRow], cells: int) -> list[str]:
    return table(rows, JobTable(rows, cells, 100.0).columns, cells)


def test_80_columns_keep_name_id_status_step_loss_and_age() -> None:
    assert lines(ROWS, 80) == [
        "NAME        ID          STATUS        STEP  TRAIN  AGE  MODEL",
        "ten-epochs  ..5W0a3zQk  running    640/900  0.985   1m  gpt-4.1-nano-2025-04-14",
        "..8zkkbwKd  ..8zkkbwKd  succeeded                   1m  gpt-4o-mini-2024-07-18",
    ]


def test_wide_terminal_has_whole_ids_and_names_of_models() -> None:
    found = lines(ROWS, 180)
    assert found[0].split() == [*("NAME", "ID", "STATUS", "STEP", "TRAIN", "AGE", "MODEL", "METHOD", "TUNED", "MODEL")]
    assert ROWS[0].id in found[1]
    assert found[2].endswith(TUNED)


@pytest.mark.parametrize("cells", range(20, 200, 7))
def test_names_of_models_are_whole_or_absent(cells: int) -> None:
    found = "\n".join(lines(ROWS, cells))
    assert TUNED in found or "ft:" not in found
    assert ROWS[0].model in found or "gpt-4.1" not in found
    assert max(map(len, found.split("\n"))) <= max(cells, 40)


@pytest.mark.parametrize(
    ("cells", "titles"),
    [
        (76, ["NAME", "ID", "STATUS", "STEP", "TRAIN", "AGE"]),
        (50, ["NAME", "STATUS", "STEP", "TRAIN", "AGE"]),
        (40, ["NAME", "STATUS", "TRAIN", "AGE"]),
        (30, ["NAME", "STATUS", "TRAIN"]),
    ],
)
def test_columns_leave_in_their_order(cells: int, titles: list[str]) -> None:
    assert lines(ROWS, cells)[0].split() == titles


def test_same_model_has_no_column_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row._replace(model="m") for row in ROWS]
    shown = JobTable(rows, 200, 100.0)
    assert shown.same_model == "m"
    monkeypatch.setattr(Output, "is_terminal", True)
    assert (shown.note(Output()), shown.note(Output("json"))) == ("All m.", "")
    assert "MODEL" not in [column.title for column in shown.columns]
    assert JobTable(rows[:1], 200, 100.0).same_model == ""


def test_jobs_without_suffix_have_no_name_and_keep_their_id() -> None:
    rows = [row._replace(suffix="") for row in ROWS]
    assert lines(rows, 32)[1].split()[0] == "..5W0a3zQk"


def test_piped_columns_are_the_old_ones_then_new_ones() -> None:
    cells = [[(column.plain or column.cell)(row) for column in JobTable.piped()] for row in ROWS]
    assert cells[0] == [
        *(ROWS[0].id, "running", "1970-01-01T00:00:40Z", "gpt-4.1-nano-2025-04-14", "ten-epochs", ""),
        *("", "640", "900", "0.98512", "train_loss"),
        *("", "", "", "", "", "", "", "", "", "", "", ""),
    ]


JUDGED = [
    ROWS[0]._replace(
        method="dpo",
        summary=Summary("valid_loss", 1.886, 640, 1.738, 360, 0.985),
        epochs="10",
        rate="2",
        batch="1",
        alarms="overfitting",
    ),
    ROWS[1]._replace(model=ROWS[0].model, summary=Summary("train_loss", 1.5, 9, 1.4, 8, 1.5), trained_tokens=213_000),
]


def test_wide_table_has_losses_settings_and_alarm() -> None:
    assert lines(JUDGED, 160)[0].split() == [
        *("NAME", "ID", "STATUS", "STEP", "LOSS", "BEST", "AT", "TRAIN", "GAP", "EPOCHS", "LR", "BATCH"),
        *("TOKENS", "AGE", "ALARM"),
    ]
    _, first, second = (line.split() for line in lines(JUDGED, 160))
    assert first[3:] == ["640/900", "1.886", "1.738", "360", "0.985", "+0.90", "10", "2", "1", "1m", "overfitting"]
    assert second[3:] == ["1.500t", "1.400t", "8", "1.500", "213k", "1m"]


def test_80_columns_have_as_many_numbers_as_fit() -> None:
    titles = lines(JUDGED, 80)[0].split()
    assert titles == ["NAME", "ID", "STATUS", "STEP", "LOSS", "BEST", "AT", "TRAIN", "AGE"]


def test_piped_columns_end_with_the_exact_numbers() -> None:
    cells = [column.cell(JUDGED[0]) for column in JobTable.piped()]
    assert cells[9:] == [
        *("1.886", "valid_loss", "1.738", "360", "0.985", str(1.886 - 0.985), "10", "2", "1", "", "", "overfitting"),
        *("dpo", ""),
    ]


def test_gain_has_a_column_when_a_job_has_one() -> None:
    gained = JUDGED[0]._replace(summary=Summary("full_valid_loss", 1.886, 640, 1.738, 360, 0.985, base=5.61))
    head, first, second = lines([gained, JUDGED[1]], 160)
    at = head.index("GAIN")
    assert "GAIN" not in lines(JUDGED, 160)[0]
    assert (first[at - 2 : at + 4], second[at - 2 : at + 4].strip()) == ("+3.872", "")
    assert [column.cell(gained) for column in JobTable.piped()][-1] == str(5.61 - 1.738)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.6592, "1.659"),
        (26.42, "26.42"),
        (342.84, "342.8"),
        (1e-5, "1e-05"),
        (0.0, "0.000"),
        (0.98512, "0.985"),
        (12345.6, "1.23e+04"),
    ],
)
def test_loss_has_four_digits(value: float, text: str) -> None:
    assert figure(value) == text


def test_checkpoints_have_their_whole_model_and_a_mark_on_the_best() -> None:
    raw = [
        {"id": f"c{n}", "step_number": n, "fine_tuned_model_checkpoint": f"ft:m:ckpt-step-{n}", "metrics": metrics}
        for n, metrics in ((360, {"full_valid_loss": 1.7378}), (1630, {"full_valid_loss": 1.8863}))
    ]
    judged = judged_checkpoints(map(Checkpoint.read, raw), Run(total_steps=1800, n_epochs=10))
    assert table(judged.rows[::-1], judged_checkpoint_columns(judged), 80) == [
        "  STEP  EPOCH  VALID  MODEL",
        "  1630     10  1.886  ft:m:ckpt-step-1630",
        "✶  360      2  1.738  ft:m:ckpt-step-360",
    ]
    assert table(judged.rows[::-1], judged_checkpoint_columns(judged), 20)[0] == "  STEP  VALID  MODEL"


def test_ids_of_models_are_never_cut() -> None:
    model = Model.read({"id": TUNED, "created": 1, "owned_by": "a-very-long-owner-of-this-model"})
    assert table([model], model_columns(100.0), 30) == ["ID", TUNED]


def test_message_is_ascii_in_a_locale_without_utf_8(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    say("step 3 of 9 · training loss 1.5 · a name with ü…")
    assert capsys.readouterr().err == "step 3 of 9, training loss 1.5, a name with ü~\n"


def test_table_is_ascii_in_a_locale_without_utf_8(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Output, "is_terminal", True)
    rows: list[Any] = [ROWS[0]._replace(suffix="a long suffix of a job · 3")]
    for locale, name in (("C", "a long suffix of ~"), ("C.UTF-8", "a long suffix of …")):
        monkeypatch.setenv("LC_ALL", locale)
        Output().print_list(rows, JobTable(rows, 80, 100.0).columns, raw=lambda row: row)
        assert capsys.readouterr().out.splitlines()[1].startswith(name)


def test_loss_that_is_not_finite_is_nan() -> None:
    row = ROWS[0]._replace(summary=Summary("valid_loss", None, 99, 1.6, 90, None, 1.5, not_finite=2))
    heading, line = lines([row], 160)
    assert line.split()[4:6] == ["nan", "1.600"], heading
