"""SIGTERM, then SIGKILL, by the time that each trainer was promised."""

import itertools
import json
import signal
from pathlib import Path

import pytest

from fttui.server.jobs.stop_trainer import TrainerStopper, stop_after, stop_all
from fttui.server.launchers.trainer_process import TrainerProcess
from tests.support.clock import FakeClock


class Stubborn(TrainerProcess):
    """Process that only SIGKILL ends."""

    def __init__(self, path: Path, clock: FakeClock, seconds: object = None) -> None:
        super().__init__(str(path))
        path.mkdir()
        (path / "job.json").write_text(json.dumps({} if seconds is None else {"stop_after": seconds}))
        self._clock = clock
        self.signals: list[tuple[float, signal.Signals]] = []

    def is_alive(self) -> bool:
        self._clock.advance(1)
        return not any(number is signal.SIGKILL for _, number in self.signals)

    def signal(self, number: signal.Signals) -> bool:
        self.signals.append((self._clock.monotonic(), number))
        return True

    def kill_leftovers(self) -> None:
        pass

    @property
    def waited(self) -> float:
        """Seconds between the first SIGTERM and SIGKILL."""
        return self.signals[-1][0] - self.signals[0][0]


@pytest.mark.parametrize("seconds", [None, "60", -1, True, 1e9, [3]])
def test_invalid_time_is_the_default(tmp_path: Path, seconds: object) -> None:
    assert stop_after(Stubborn(tmp_path / "job", FakeClock(), seconds).path) == 10
    assert stop_after(str(tmp_path / "missing")) == 10


def test_end_of_the_service_waits_for_each_trainer_as_long_as_it_needs(tmp_path: Path) -> None:
    clock = FakeClock()
    quick, slow = Stubborn(tmp_path / "quick", clock, 5), Stubborn(tmp_path / "slow", clock, 60)
    assert stop_all([quick, slow], clock)
    assert quick.waited < 10
    assert 50 < slow.waited < 70


def test_stop_of_a_job_sends_one_sigterm_and_then_sigkill(tmp_path: Path) -> None:
    clock = FakeClock()
    process, stopper = Stubborn(tmp_path / "job", clock, 60), TrainerStopper(clock)
    for _ in itertools.takewhile(lambda _: process.is_alive(), range(99)):
        stopper.stop("ftjob-1", process, 60)
    assert [number for _, number in process.signals] == [signal.SIGTERM, signal.SIGKILL]
    assert process.waited > 60
