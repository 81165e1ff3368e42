"""Enumerations of text without `enum`: the same as `enum.StrEnum`, as far as fttui uses it."""

import copy
import enum
import json
import pickle

import pytest

from fttui import lean_enum


class Colour(lean_enum.StrEnum):
    """A colour."""

    RED = "red"
    DARK_BLUE = "dark blue"

    @property
    def is_red(self) -> bool:
        return self is Colour.RED


class Same(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark blue"


def test_members_are_texts() -> None:
    for kind in (Colour, Same):
        assert [str(member) for member in kind] == ["red", "dark blue"]
        assert len(kind) == 2
        assert kind.DARK_BLUE == "dark blue"
        assert type(kind.RED.value) is str
        assert f"{kind.RED:>5}" == "  red"
        assert json.dumps({kind.RED: kind.DARK_BLUE}) == '{"red": "dark blue"}'
        assert {"red": 1}[kind.RED] == 1
        assert isinstance(kind.RED, kind)
    assert Colour.RED.is_red
    assert not Colour.DARK_BLUE.is_red


def test_member_is_found_by_its_text() -> None:
    assert Colour("dark blue") is Colour.DARK_BLUE
    assert Colour(Colour.RED) is Colour.RED
    for kind in (Colour, Same):
        with pytest.raises(ValueError, match=rf"'green' is not a valid {kind.__name__}"):
            kind("green")


def test_copy_of_a_member_is_the_member() -> None:
    for made in (pickle.loads(pickle.dumps(Colour.RED)), copy.copy(Colour.RED), copy.deepcopy(Colour.RED)):
        assert made is Colour.RED


def test_member_matches_in_a_match_statement() -> None:
    match Colour("red"):
        case Colour.DARK_BLUE:
            pytest.fail("matched the wrong member")
        case Colour.RED:
            pass
