"""Finish times of phases."""

from fttui.server.jobs.eta import PhaseEstimates
from fttui.server.storage.reports import Phase
from tests.support.clock import START, FakeClock


def test_phase_finishes_at_the_speed_since_its_first_report() -> None:
    clock = FakeClock()
    estimates = PhaseEstimates(clock)

    def finish(name: str, done: float | None, total: float | None = 100) -> float | None:
        counts = {member: value for member, value in (("done", done), ("total", total)) if value is not None}
        (phase,) = estimates.timed("ftjob-1", [Phase({"name": name, **counts})])
        assert isinstance(phase, Phase)
        return phase.body.get("finish")

    assert finish("downloading", 10) is None
    clock.advance(30)
    assert finish("downloading", 40) == START + 30 + 60 + 1
    assert finish("downloading", 5) is None, "a count that falls has no speed"
    assert finish("preparing", 50) is None, "another phase starts again"
    clock.advance(5)
    assert finish("preparing", None) is None
    assert finish("preparing", 60, None) is None
    estimates.reset("ftjob-1")
    assert finish("preparing", 75) is None
