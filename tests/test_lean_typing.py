"""Named tuples without `typing`: the same as those of `collections`."""

import copy
import pickle
from collections import namedtuple
from typing import Any

import pytest

from fttui.lean_typing import Any as LeanAny
from fttui.lean_typing import Generic, Literal, NamedTuple, TypeVar

T = TypeVar("T")


class Point(NamedTuple):
    """A point."""

    x: int
    y: float | None = None
    label: "LeanAny" = "a"
    """Name of the point."""

    @property
    def sum(self) -> float:
        return self.x + (self.y or 0)

    @classmethod
    def at(cls, x: int) -> "Point":
        return cls(x)


Same: Any = namedtuple("Same", ["x", "y", "label"], defaults=[None, "a"])


def test_named_tuple_is_made_by_position_and_by_name() -> None:
    assert Point(1) == (1, None, "a")
    assert Point(1, label="b", y=2.0) == (1, 2.0, "b")
    assert Point(1, 2.0).sum == 3.0
    assert Point.at(4).x == 4
    assert Point.__doc__ == "A point."


@pytest.mark.parametrize("arguments", [((), {}), ((1, 2, 3, 4), {}), ((1,), {"z": 2}), ((1,), {"x": 2})])
def test_wrong_arguments_are_refused_as_by_collections(arguments: tuple[tuple[int, ...], dict[str, int]]) -> None:
    given, named = arguments
    messages = []
    for kind in (Point, Same):
        with pytest.raises(TypeError) as caught:
            kind(*given, **named)  # type: ignore[arg-type]
        messages.append(str(caught.value).replace("Same", "Point").replace("_cls", "cls"))
    assert messages[0] == messages[1]


def test_methods_are_those_of_collections() -> None:
    mine, other = Point(1, 2.0), Same(1, 2.0)
    assert repr(mine) == repr(other).replace("Same", "Point")
    assert mine._replace(label="z") == other._replace(label="z")
    assert type(mine._replace(x=2)) is Point
    assert mine._asdict() == other._asdict()
    assert Point._make([1, 2, 3]) == Same._make([1, 2, 3])
    assert (Point._fields, Point._field_defaults) == (Same._fields, Same._field_defaults)
    assert Point.__match_args__ == Same.__match_args__  # type: ignore[attr-defined]
    assert not hasattr(mine, "__dict__")
    with pytest.raises(AttributeError):
        mine.x = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="unexpected field names: \\['z'\\]"):
        mine._replace(z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Expected 3 arguments, got 2"):
        Point._make([1, 2])


def test_copies_are_equal_and_of_the_same_class() -> None:
    for made in (pickle.loads(pickle.dumps(Point(1))), copy.copy(Point(1)), copy.deepcopy(Point(1))):
        assert made == Point(1)
        assert type(made) is Point


def test_field_without_default_behind_one_with_default_is_refused() -> None:
    with pytest.raises(TypeError, match="without a default follows"):

        class Wrong(NamedTuple):
            x: int = 1
            y: int  # type: ignore[misc]


def test_other_names_only_stand_for_those_of_typing() -> None:
    class Box(Generic[T]):
        def __init__(self, kind: Literal["big", "small"], content: T | None) -> None:
            self.kind, self.content = kind, content

    assert Box[int]("big", 3).content == 3
