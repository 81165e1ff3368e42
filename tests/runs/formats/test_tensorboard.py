import math
import os
import struct
from pathlib import Path

import pytest

from fttui.runs.formats import grown_file, tensorboard
from fttui.runs.formats.base import Found
from fttui.runs.formats.tensorboard import TensorBoard, TensorBoardReader
from tests.runs.formats import writers
from tests.runs.formats.writers import data, record, scalar, whole

NAME = "events.out.tfevents.1700000000.node-1.example.org.4711.0"


def read(path: Path) -> Found:
    return TensorBoardReader(str(path)).read()


def losses(found: Found, name: str = "loss") -> dict[int, float]:
    return {point.step: point.values[name] for point in found.points}


def test_appended_event_is_read_once_and_a_half_written_one_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / NAME
    second = scalar(2, "loss", 2.0)
    file.write_bytes(scalar(1, "loss", 3.0) + second[:20])
    reader = TensorBoardReader(str(tmp_path))
    assert losses(reader.read()) == {1: 3.0}
    assert reader.read().points == []
    with file.open("ab") as appended:
        appended.write(second[20:])
    found = reader.read()
    assert (losses(found), found.restarted, found.problems) == ({2: 2.0}, False, [])


def test_directory_named_like_the_library_is_no_source() -> None:
    assert TensorBoard().sources("/run", ["tfevents", "notes.txt"]) == []
    assert len(TensorBoard().sources("/run", [NAME])) == 1


def test_file_of_a_resumed_training_is_found_and_the_name_tells_host_and_process(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(scalar(1, "loss", 3.0) + scalar(2, "loss", 9.0))
    reader = TensorBoardReader(str(tmp_path))
    found = reader.read()
    assert found.facts == {"created_at": 1.7e9, "host": "node-1.example.org", "pid": 4711}
    (tmp_path / NAME.replace("1700", "1800")).write_bytes(scalar(2, "loss", 2.0))
    assert losses(reader.read()) == {2: 2.0}


def test_resumed_training_purges_earlier_points_from_its_first_step_on(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"".join(scalar(step, "loss", 9.0) for step in (10, 20, 30)))
    resumed = tmp_path / NAME.replace("1700", "1800")
    purge = record(whole(2, 20) + data(7, whole(1, 1)))
    resumed.write_bytes(purge + scalar(25, "loss", 1.0))
    reader = TensorBoardReader(str(tmp_path))
    found = reader.read()
    assert (losses(found), found.purged) == ({10: 9.0, 25: 1.0}, 20)
    with resumed.open("ab") as appended:
        appended.write(record(whole(2, 11) + data(7, whole(1, 1))))
    found = reader.read()
    assert (found.points, found.purged) == ([], 11)


@pytest.mark.parametrize("how", ["truncated", "replaced", "rewritten"])
def test_file_that_is_not_the_old_one_begins_again(tmp_path: Path, how: str) -> None:
    file = tmp_path / NAME
    file.write_bytes(scalar(1, "loss", 3.0) + scalar(2, "loss", 2.0))
    reader = TensorBoardReader(str(tmp_path))
    reader.read()
    if how == "truncated":
        file.write_bytes(scalar(1, "loss", 7.0))
    elif how == "replaced":
        other = tmp_path / "other"
        other.write_bytes(b"".join(scalar(step, "loss", 7.0) for step in range(1, 4)))
        os.replace(other, file)
    else:
        file.write_bytes(b"".join(scalar(step, "loss", 7.0) for step in range(1, 4)))
    found = reader.read()
    assert found.restarted
    assert set(losses(found).values()) == {7.0}


def test_nan_infinity_and_negative_steps_are_kept_without_a_problem(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(scalar(-1, "loss", math.inf) + scalar(5, "loss", math.nan))
    found = read(tmp_path)
    assert losses(found)[0] == math.inf
    assert math.isnan(losses(found)[5])
    assert found.problems == []


def test_damaged_record_is_left_out_and_a_damaged_length_ends_the_file(tmp_path: Path) -> None:
    first, second, third = (bytearray(scalar(step, "loss", 1.0)) for step in (1, 2, 3))
    first[20] ^= 1
    third[0] ^= 1
    (tmp_path / NAME).write_bytes(bytes(first + second + third))
    reader = TensorBoardReader(str(tmp_path))
    found = reader.read()
    assert losses(found) == {2: 1.0}
    assert found.problems == [f"{NAME}: a record is damaged and was left out"]
    assert reader.read() == Found(facts=found.facts, points=[], lines=[], problems=[])


def test_bytes_that_arrive_late_repair_a_hole(tmp_path: Path) -> None:
    file = tmp_path / NAME
    second = scalar(2, "loss", 2.0)
    file.write_bytes(scalar(1, "loss", 3.0) + bytes(len(second)))
    reader = TensorBoardReader(str(tmp_path))
    assert reader.read().problems
    file.write_bytes(scalar(1, "loss", 3.0) + second + scalar(3, "loss", 1.0))
    assert losses(reader.read()) == {2: 2.0, 3: 1.0}


def test_huge_record_is_skipped_and_a_read_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 3 << 30  # a hole in the file: no disk is used
    head = struct.pack("<Q", size)
    file = tmp_path / NAME
    with file.open("wb") as out:
        out.write(scalar(1, "loss", 3.0) + head + struct.pack("<I", writers.crc32c.masked(head)))
        out.seek(size + 4, os.SEEK_CUR)
        out.write(scalar(2, "loss", 2.0))
    sizes: list[int] = []
    pread = os.pread
    monkeypatch.setattr(grown_file.os, "pread", lambda *at: sizes.append(at[1]) or pread(*at))
    reader = TensorBoardReader(str(tmp_path))
    found = [reader.read()]
    while found[-1].more:
        found.append(reader.read())
    assert [losses(each) for each in found] == [{1: 3.0}, {2: 2.0}]
    assert sum(sizes) < 4 * grown_file.PIECE


@pytest.mark.parametrize(
    "message",
    [
        b"\xff" * 40,
        data(5, b"\x0a\xff\xff\xff\xff\x7f"),
        data(5, data(1, data(1, "loss") + data(8, whole(1, 1) + data(4, b"12")))),
        whole(2, 1) + b"\x0b",
        whole(2, 1) + data(7, b"\x08"),
        data(5, data(1, data(1, "h") + data(9, data(1, data(1, "hparams") + data(2, b"\x1a\x7f"))))),
    ],
)
def test_record_that_is_no_message_never_breaks_the_rest(tmp_path: Path, message: bytes) -> None:
    (tmp_path / NAME).write_bytes(record(message) + scalar(2, "loss", 2.0))
    assert losses(read(tmp_path)) == {2: 2.0}


def test_tensors_of_every_scalar_type_are_numbers_and_others_are_not(tmp_path: Path) -> None:
    plugin = data(9, data(1, data(1, "scalars")))
    tensors = [
        whole(1, 1) + data(4, struct.pack("<f", 0.5)),
        whole(1, 2) + data(6, struct.pack("<d", 0.5)),
        whole(1, 1) + writers.single(5, 0.5),
        whole(1, 19) + data(4, struct.pack("<e", 0.5)),
        whole(1, 9) + whole(10, 7),
        whole(1, 1) + data(4, bytes(8)),
    ]
    events = [
        record(whole(2, step) + data(5, data(1, data(1, "loss") + plugin + data(8, tensor))))
        for step, tensor in enumerate(tensors)
    ]
    (tmp_path / NAME).write_bytes(b"".join(events))
    assert losses(read(tmp_path)) == {0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5, 4: 7.0}


def test_unreadable_file_is_named_and_a_directory_without_a_readable_one_raises(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "gone")
    with pytest.raises(OSError, match="No such file"):
        read(tmp_path)
    (tmp_path / NAME.replace("1700", "1800")).write_bytes(scalar(1, "loss", 1.0))
    reader = TensorBoardReader(str(tmp_path))
    found = reader.read()
    assert losses(found) == {1: 1.0}
    assert found.problems == [f"{NAME}: No such file or directory"]
    assert reader.read().problems == []


def test_directory_of_hyperparameters_is_no_run() -> None:
    assert TensorBoard().sources("/runs/a/1795889059.8258617", [NAME]) == []
    assert [source.path for source in TensorBoard().sources("/runs/a", ["x", NAME])] == ["/runs/a"]
    assert tensorboard.TensorBoard().sources("/runs/a", ["metrics.csv"]) == []
