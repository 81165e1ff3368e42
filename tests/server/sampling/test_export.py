"""Exports: copies, the exporter of a trainer, failures that leave nothing behind."""

import sys
from pathlib import Path

import pytest

from fttui.server.sampling.export import Exported, Order, check_directory, export
from fttui.server.sampling.question import Loading, Refused, SamplingError
from fttui.server.settings import Settings, Trainer

TRAINER = Trainer("fake", ("train",), ("base-1",), ("supervised",))
SCRIPT = """
import json, os, sys
arguments = dict(zip(sys.argv[1:9:2], sys.argv[2:10:2]))
directory = arguments["-o"]
behaviour = open(arguments["--model"]).read()
print(json.dumps({"type": "phase", "phase": "merging", "done": 1, "total": 2}), flush=True)
open(os.path.join(directory, "adapter_config.json"), "w").write(json.dumps(sys.argv[1:]))
if behaviour == "refuse":
    print(json.dumps({"type": "error", "code": "no_base", "message": "The base model is gone.", "param": "model"}))
    sys.exit(1)
if behaviour == "die":
    sys.exit("out of memory")
print(json.dumps({"files": ["adapter_config.json"]}), flush=True)
"""


@pytest.fixture
def order(tmp_path: Path) -> Order:
    model = tmp_path / "model-2"
    model.write_text("plain")
    return Order(str(model), "base-1", "/models/base", str(tmp_path / "deep" / "out"), merged=False)


def with_exporter(tmp_path: Path) -> Trainer:
    script = tmp_path / "exporter.py"
    script.write_text(SCRIPT)
    return TRAINER._replace(exporter=(sys.executable, str(script)))


async def run(trainer: Trainer, order: Order) -> list[Loading | Exported]:
    return [item async for item in export(trainer, Settings(), order)]


async def test_without_an_exporter_the_model_is_copied(order: Order) -> None:
    assert await run(TRAINER, order) == [Exported(("model-2",), True)]
    assert (Path(order.directory) / "model-2").read_text() == "plain"
    with pytest.raises(Refused, match="cannot merge"):
        await run(TRAINER, order._replace(merged=True))


async def test_a_directory_is_copied_with_its_files(order: Order, tmp_path: Path) -> None:
    (tmp_path / "checkpoint" / "deep").mkdir(parents=True)
    (tmp_path / "checkpoint" / "deep" / "weights").write_text("w")
    (tmp_path / "checkpoint" / "config.json").write_text("{}")
    found = await run(TRAINER, order._replace(model=str(tmp_path / "checkpoint")))
    assert found == [Exported(("config.json", "deep/weights"), True)]


async def test_the_exporter_writes_the_files(order: Order, tmp_path: Path) -> None:
    phase, done = await run(with_exporter(tmp_path), order._replace(merged=True))
    assert phase == Loading({"name": "merging", "done": 1, "total": 2})
    assert done == Exported(("adapter_config.json",), False)
    given = (Path(order.directory) / "adapter_config.json").read_text()
    for part in ('"--base", "base-1"', '"--source", "/models/base"', '"--merged"'):
        assert part in given


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [("refuse", Refused, "The base model is gone."), ("die", SamplingError, "exited with code 1: out of memory")],
)
async def test_a_failed_export_leaves_nothing(
    order: Order, tmp_path: Path, behaviour: str, kind: type[SamplingError], words: str
) -> None:
    Path(order.model).write_text(behaviour)
    with pytest.raises(kind, match=words):
        await run(with_exporter(tmp_path), order)
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_directory_must_be_absolute_and_empty(tmp_path: Path) -> None:
    check_directory(str(tmp_path))
    check_directory(str(tmp_path / "new"))
    (tmp_path / "file").touch()
    for path in ("relative", str(tmp_path), str(tmp_path / "file"), "/x\0"):
        with pytest.raises(Refused):
            check_directory(path)
