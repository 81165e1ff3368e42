"""How the ends of several processes become the end of a trainer."""

from pathlib import Path

import pytest

from fttui.server.trainers.hf.refusal import UNEXPECTED, UNREACHABLE, Refusal

pytestmark = pytest.mark.hf


@pytest.mark.parametrize(
    ("noted", "codes", "has_lost", "expected"),
    [
        ((UNREACHABLE,), [1], True, 137),  # its node may be lost, so the service starts the trainer again
        ((UNREACHABLE,), [1], False, UNREACHABLE),
        ((UNREACHABLE, UNEXPECTED), [1], True, UNEXPECTED),
        ((UNEXPECTED,), [-9, 1], False, 137),
        (("invalid_setting", UNEXPECTED), [-9, 1], True, "invalid_setting"),
        ((), [143], True, 143),
        ((), [74], False, 74),
        ((), [], False, 0),
    ],
)
def test_outcome(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    noted: tuple[str, ...],
    codes: list[int],
    has_lost: bool,
    expected: int | str,
) -> None:
    from fttui.server.trainers.hf import processes

    for rank, code in enumerate(noted):
        monkeypatch.setenv("RANK", str(rank))
        processes.note_failure(str(tmp_path), Refusal(code, code))
    try:
        found: int | str = processes.outcome(str(tmp_path), codes, has_lost=has_lost)
    except Refusal as refusal:
        found = refusal.code
    assert found == expected
    assert list(tmp_path.iterdir()) == []
