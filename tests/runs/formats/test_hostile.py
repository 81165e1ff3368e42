"""Files with any bytes: a reader returns or raises OSError, in each format, also while a file grows or changes."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.runs.formats import FORMATS, formats
from fttui.runs.formats.base import Source
from tests.runs.formats.test_mlflow import write_run
from tests.runs.formats.writers import history, scalar, wandb_file

FILES = {
    "wandb": ("run-a.wandb", wandb_file(*(history(step, loss="1.0", note='"x"') for step in range(5)))),
    "tensorboard": (
        "events.out.tfevents.1700000000.host.1.0",
        b"".join(scalar(step, "loss", 1.0) for step in range(5)),
    ),
    "csv": ("metrics.csv", b"step,loss\n1,2\n2,nan\n3,1\n"),
    "jsonl": ("log.jsonl", b'{"step": 1, "loss": 2}\n{"step": 2, "loss": NaN, "x": {"y": 1}}\n'),
    "log": (
        "train.log",
        b"step 1 loss 2\n\r 5%|x| 1/9 [00:01<00:02, 1it/s]\r{'loss': '2', 'epoch': 1}\nTraceback (most\n",
    ),
    "mlflow": ("metrics/loss", b"1700000000000 1.0 1\n1700000000000 nan 2\n"),
}
EDITS = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=12), st.integers(0, 12)), max_size=4)


@pytest.mark.parametrize("name", FILES)
@given(edits=EDITS, cut=st.integers(0, 10_000))
def test_no_bytes_break_a_reader(name: str, edits: list[tuple[int, bytes, int]], cut: int) -> None:
    file, content = FILES[name]
    for at, new, removed in edits:
        at %= len(content) + 1
        content = content[:at] + new + content[at + removed :]
    with tempfile.TemporaryDirectory() as directory:
        if name == "mlflow":
            write_run(Path(directory))
        path = Path(directory, file)
        path.write_bytes(content[: cut % (len(content) + 1)])
        by_name = {each.name: each for each in FORMATS}
        is_directory = name in ("tensorboard", "mlflow")
        reader = by_name[name].reader(Source(name, directory if is_directory else str(path)))
        reader.read()
        path.write_bytes(content)
        found = reader.read()
        assert not found.more
        assert all(point.step >= 0 for point in found.points)
        by_name[name].sources(directory, os.listdir(directory))


def test_pattern_of_a_profile_is_used_for_logs_only() -> None:
    assert formats() == FORMATS
    assert [each.name for each in formats("(?P<step>x)")] == [each.name for each in FORMATS]
