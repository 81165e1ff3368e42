"""The trainer on several nodes: one member on each, without torch."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fttui.server.trainers.hf import nodes
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.protocol import STOPPED
from tests.support import fake_srun

MEMBER = """
import json, os, signal, sys, time
from pathlib import Path
from fttui.server.trainers.hf import nodes
directory, member = Path(sys.argv[1]), nodes.member()
if directory.name == "fails":
    nodes.note_codes(str(directory), member, [-9 if member.rank else 1])
    sys.exit(143)
if directory.name == "is lost":
    if member.rank:
        os.kill(os.getpid(), signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    nodes.note_codes(str(directory), member, [1])
    sys.exit(143)
if directory.name == "stops":
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(143))
    ready = [directory / f"ready-{rank}" for rank in (0, 1)]
    ready[member.rank].touch()
    while not all(path.exists() for path in ready):
        time.sleep(0.01)
    if member.rank:
        os.kill(int(sys.argv[2]), signal.SIGTERM)
    while True:
        time.sleep(0.01)
(directory / f"member-{member.rank}").write_text(json.dumps(member))
"""


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Launched"]:
    for name, value in fake_srun.install(tmp_path / "bin").items():
        monkeypatch.setenv(name, value)
    before = signal.getsignal(signal.SIGTERM)
    yield Launched(tmp_path)
    signal.signal(signal.SIGTERM, before)


class Launched:
    """Members of a job on two nodes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "member.py").write_text(MEMBER)

    def __call__(self, name: str) -> tuple[Path, nodes.Ended]:
        """Run the members of a job. Return its directory, and their end."""
        directory = self._folder / name
        directory.mkdir()
        command = (sys.executable, str(self._folder / "member.py"), str(directory), str(os.getpid()))
        return directory, nodes.launch(2, 3, command, str(directory))


def test_members_know_each_other(launched: Launched) -> None:
    directory, ended = launched("trains")
    assert ended == nodes.Ended([])
    first, second = (nodes.Member(*json.loads((directory / f"member-{rank}").read_text())) for rank in (0, 1))
    assert first._replace(port=0) == nodes.Member(0, 2, 3, "127.0.0.1", 0)
    assert second == first._replace(rank=1)


def test_codes_of_all_members_tell_how_the_job_ended(launched: Launched) -> None:
    directory, ended = launched("fails")
    assert set(ended.codes) <= {1, -9}
    assert ended.codes
    assert list(directory.iterdir()) == []


def test_member_that_ended_without_a_word_is_lost(launched: Launched) -> None:
    assert launched("is lost")[1] == nodes.Ended([1], has_lost=True)


def test_sigterm_reaches_the_members_without_srun(launched: Launched) -> None:
    assert launched("stops")[1] == nodes.Ended([STOPPED])


def test_only_a_job_of_slurm_trains_on_all_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")  # also in a shell of an allocation, for jobs of this machine
    assert [nodes.count(engine) for engine in ("slurm", "ray", None)] == [2, 1, 1]


def test_batch_that_the_nodes_cannot_share_is_refused() -> None:
    assert nodes.share(6, 2) == 3
    with pytest.raises(Refusal, match="2 nodes, which cannot share a batch of 3 evenly") as refused:
        nodes.share(3, 2)
    assert refused.value.param == "batch_size"
