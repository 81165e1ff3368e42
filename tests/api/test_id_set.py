"""Set of the ids of a long list."""

import random

from fttui.api.id_set import IdSet, RecentIds


def test_every_id_is_new_once() -> None:
    chance, ids, expected = random.Random(1), IdSet(), set[str]()
    for _ in range(20_000):
        id = f"ftjob-{chance.randrange(8_000)}"
        assert ids.add(id) is (id not in expected)
        expected.add(id)


def test_ids_that_share_their_lowest_bits_are_told_apart() -> None:
    class Id(str):
        def __hash__(self) -> int:
            return int(self) << 20

    ids = IdSet()
    assert [ids.add(Id(number)) for number in range(700)] == [True] * 700
    assert [ids.add(Id(number)) for number in range(700)] == [False] * 700


def test_recent_ids_are_known_and_ids_of_long_ago_are_forgotten() -> None:
    ids = RecentIds(10)
    assert all(ids.add(str(number)) for number in range(25))
    assert not any(ids.add(str(number)) for number in range(15, 25))
    assert ids.add("1")
