import json
import math
from pathlib import Path

import pytest

from fttui.runs.formats import wandb
from fttui.runs.formats.base import Found, FoundSample, Source
from fttui.runs.formats.wandb import Wandb, WandbReader
from tests.runs.formats.writers import BLOCK, data, double, history, wandb_file, whole


def reader_of(tmp_path: Path, content: bytes) -> tuple[WandbReader, Path]:
    file = tmp_path / "run-abc.wandb"
    file.write_bytes(content)
    return WandbReader(str(file)), file


def losses(found: Found) -> dict[int, float]:
    return {point.step: point.values["loss"] for point in found.points}


def test_record_over_several_blocks_is_read_when_its_last_chunk_arrives(tmp_path: Path) -> None:
    long = history(1, loss="3.0", note=json.dumps("x" * 3 * BLOCK))
    content = wandb_file(history(0, loss="4.0"), long, history(2, loss="2.0"))
    reader, file = reader_of(tmp_path, content[: 2 * BLOCK])
    assert losses(reader.read()) == {0: 4.0}
    with file.open("ab") as appended:
        appended.write(content[2 * BLOCK :])
    found = reader.read()
    assert losses(found) == {1: 3.0, 2: 2.0}
    assert found.problems == []


def test_every_cut_of_a_file_is_read_up_to_the_cut_and_then_on(tmp_path: Path) -> None:
    content = wandb_file(*(history(step, loss=str(step)) for step in range(4)))
    for cut in range(len(content)):
        reader, file = reader_of(tmp_path, content[:cut])
        first = reader.read()
        with file.open("ab") as appended:
            appended.write(content[cut:])
        rest = reader.read()
        assert losses(first) | losses(rest) == {0: 0.0, 1: 1.0, 2: 2.0, 3: 3.0}
        assert (first.problems, rest.problems, rest.restarted) == ([], [], False)


def test_damaged_block_is_skipped_and_reported_once(tmp_path: Path) -> None:
    content = bytearray(wandb_file(*(history(step, loss="1.0", note=json.dumps("x" * 1000)) for step in range(100))))
    content[BLOCK + 500] ^= 1
    content[2 * BLOCK + 500] ^= 1
    reader, _ = reader_of(tmp_path, bytes(content))
    found = reader.read()
    assert found.problems == ["the file is damaged; records were left out"]
    assert max(losses(found)) == 99
    assert 30 < len(losses(found)) < 99


def test_values_are_numbers_with_nan_and_nested_names(tmp_path: Path) -> None:
    record = history(
        3, loss="NaN", accuracy='"Infinity"', text='"hello"', flag="true", h='{"_type": "table", "size": 3}'
    )
    more = {"inner": '{"deep": 2}', "in.ner": "3", "t._type": '"table"', "t.size": "9", "_runtime": "1"}
    reader, _ = reader_of(tmp_path, wandb_file(record, history(4, **more)))
    first, second = reader.read().points
    assert math.isnan(first.values.pop("loss"))
    assert first.values == {"accuracy": math.inf}
    assert second.values == {"inner.deep": 2.0, "in.ner": 3.0}


def test_step_of_transformers_counts_rather_than_the_count_of_log_calls(tmp_path: Path) -> None:
    name = "train/global_step"
    reader, _ = reader_of(
        tmp_path, wandb_file(history(0, loss="3", **{name: "50"}), history(1, loss="2", **{name: "100"}))
    )
    assert list(losses(reader.read())) == [50, 100]


def metric(number: int, name: str, axis: str) -> bytes:
    return data(12, data(number, name) + data(4, axis))


def test_metric_with_a_step_metric_is_counted_by_it(tmp_path: Path) -> None:
    content = wandb_file(
        metric(2, "val/*", "val/count"),
        metric(1, "loss", "count"),
        metric(1, "acc", "epoch"),
        history(0, loss="3", count="100", acc="0.5", epoch="1"),
        history(1, **{"val/loss": "2", "val/count": "150"}),
        history(2, loss="1", other="7"),
    )
    reader, _ = reader_of(tmp_path, content)
    found = {point.step: point.values for point in reader.read().points}
    assert found == {
        100: {"loss": 1.0},  # without a value of its axis, the last one counts
        0: {"acc": 0.5, "epoch": 1.0},  # epochs are no steps
        150: {"val/loss": 2.0},
        2: {"other": 7.0},
    }


def test_run_configuration_and_exit_are_facts(tmp_path: Path) -> None:
    settings = data(1, data(1, "lr") + data(16, "0.1")) + data(1, data(1, "_wandb") + data(16, "{}"))
    settings += data(1, data(1, "model_name") + data(16, '"gpt2"'))
    run = data(17, data(4, settings) + data(8, "first") + data(13, "node") + data(17, whole(1, 1_700_000_000)))
    output = data(13, data(3, "Traceback (most recent call last):\n  File x\nValueError: no data\n"))
    reader, file = reader_of(tmp_path, wandb_file(run))
    assert reader.read().facts == {
        "name": "first",
        "host": "node",
        "created_at": 1.7e9,
        "status": "running",
        "model": "gpt2",
        "hyperparameters": {"lr": 0.1, "model_name": "gpt2"},
    }
    file.write_bytes(wandb_file(run, output, data(18, whole(1, 1) + whole(2, 60))))
    found = reader.read()
    assert found.facts == {"status": "failed", "error": "ValueError: no data", "ended_at": 1.7e9 + 60}
    assert [line.level for line in found.lines] == ["error", "info", "error"]


def test_console_output_is_joined_to_lines_without_bars_codes_and_points(tmp_path: Path) -> None:
    parts = [
        "loss ",
        "is \x1b[31m2\x1b[0m\n 10%|#  | 1/10 [00:01<00:09, 1.0it/s]\r",
        " 20%|## | 2/10 [00:02<00:08, 1.0it/s]\n",
        "{'loss': '2', 'epoch': '1'}\n",
    ]
    reader, _ = reader_of(tmp_path, wandb_file(*(data(13, data(3, part)) for part in parts)))
    assert [line.text for line in reader.read().lines] == ["loss is 2"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret", "media/gone.json"])
def test_table_outside_the_run_is_not_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text('{"columns": ["prompt", "answer"], "data": [["a", "b"]]}')
    value = json.dumps({"_type": "table-file", "path": path})
    reader, _ = reader_of(tmp_path / "", wandb_file(history(1, loss="1", t=value)))
    assert reader.read().samples == []


def test_table_of_prompts_and_answers_is_read_as_samples(tmp_path: Path) -> None:
    table = tmp_path / "files" / "media" / "t.json"
    table.parent.mkdir(parents=True)
    table.write_text('{"columns": ["step", "Prompt", "completion"], "data": [[1, "2+2?", "4"], ["short"]]}')
    reader, _ = reader_of(tmp_path, wandb_file(history(8, **{"t._type": '"table-file"', "t.path": '"media/t.json"'})))
    assert reader.read().samples == [FoundSample(8, None, "2+2?", "4")]


@pytest.mark.parametrize(
    "message",
    [b"\xff" * 20, data(2, b"\x0a\x7f"), data(2, data(1, double(6, 1.0))), b"\x00", data(17, data(17, b"\x08"))],
)
def test_record_that_is_no_message_never_breaks_the_rest(tmp_path: Path, message: bytes) -> None:
    reader, _ = reader_of(tmp_path, wandb_file(message, history(1, loss="1")))
    assert losses(reader.read()) == {1: 1.0}


def test_other_file_with_the_name_is_named(tmp_path: Path) -> None:
    reader, file = reader_of(tmp_path, b"PK\x03\x04" * 100)
    assert reader.read().problems == ["not a run file of W&B"]
    file.write_bytes(wandb_file(history(1, loss="1")))
    found = reader.read()
    assert (losses(found), found.restarted) == ({1: 1.0}, True)


def test_source_is_the_run_file_and_files_of_a_run_belong_to_it() -> None:
    names = ["files", "logs", "run-abc.wandb", "run-abc.wandb.synced"]
    assert Wandb().sources("/w/run-1", names) == [Source("wandb", "/w/run-1/run-abc.wandb")]
    assert wandb.is_inside_run("/w/offline-run-20261128_180422-abc/files")
    assert not wandb.is_inside_run("/w/run-fast/files")
