"""Terminals that fill erased cells with the background colour."""

import curses

import pytest

from fttui.ui.terminal.erasing import erases_to_background

ERASE = b"\x1b[%p1%dX"


@pytest.mark.parametrize(
    ("flag", "sequence", "erases"), [(1, ERASE, True), (0, ERASE, False), (-1, None, False), (1, b"\x1b~%p1%d", False)]
)
def test_the_terminfo_database_says_it(
    flag: int, sequence: bytes | None, erases: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []  # the database answers for one terminal in a process
    monkeypatch.setattr(curses, "setupterm", lambda term, _: asked.append(term))
    monkeypatch.setattr(curses, "tigetflag", {"bce": flag}.__getitem__)
    monkeypatch.setattr(curses, "tigetstr", {"ech": sequence}.__getitem__)
    assert erases_to_background({"TERM": "some-term"}) is erases
    assert asked == ["some-term"]


def test_unknown_terminal_is_not_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    def setupterm(*_: object) -> None:
        raise curses.error("could not find terminal")

    monkeypatch.setattr(curses, "setupterm", setupterm)
    assert not erases_to_background({"TERM": "no-such-one"})
