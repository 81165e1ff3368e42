"""Held-out validation data: sizes, seeds, duplicates, and files that are never overwritten."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.data.hold_out import MOST_LINES, CannotHoldOut, hold_out, paths_beside


def _file(folder: Path, numbers: list[int], name: str = "train.jsonl") -> str:
    (folder / name).write_text("".join(json.dumps({"messages": number}) + "\n" for number in numbers))
    return str(folder / name)


def _parts(path: str, share: float = 0.05, seed: int = 1) -> tuple[list[str], list[str]]:
    done = hold_out(path, share, seed=seed)
    kept, held = Path(done.training).read_text().splitlines(), Path(done.validation).read_text().splitlines()
    assert (len(kept), len(held)) == (done.kept, done.held_out)
    return kept, held


def test_five_percent_are_held_out(tmp_path: Path) -> None:
    kept, held = _parts(_file(tmp_path, list(range(200))))
    assert (len(kept), len(held)) == (190, 10)
    assert sorted(kept + held) == sorted(json.dumps({"messages": number}) for number in range(200))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "train.held-out.jsonl",
        "train.jsonl",
        "train.kept.jsonl",
    ]


@pytest.mark.parametrize(("lines", "share", "held"), [(2, 0.05, 1), (10, 0.05, 1), (3_000, 0.5, MOST_LINES)])
def test_at_least_one_and_at_most_a_thousand_lines_are_held_out(
    tmp_path: Path, lines: int, share: float, held: int
) -> None:
    assert hold_out(_file(tmp_path, list(range(lines))), share).held_out == held


def test_order_of_the_lines_changes_nothing_and_the_seed_does(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    numbers = list(range(300))
    chosen = [
        set(_parts(_file(folder, order), seed=seed)[1])
        for folder, order, seed in zip(folders, (numbers, numbers[::-1], numbers), (1, 1, 2), strict=True)
    ]
    assert chosen[0] == chosen[1] != chosen[2]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=80).filter(lambda numbers: len(set(numbers)) > 1))
def test_equal_lines_stay_on_one_side(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    kept, held = _parts(_file(tmp_path_factory.mktemp("split"), numbers), share=0.3)
    assert kept
    assert held
    assert set(kept).isdisjoint(held)
    assert Counter(kept + held) == Counter(json.dumps({"messages": number}) for number in numbers)


def test_lines_that_mean_the_same_are_equal(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"a": 1, "b": 2}\n{"b":2,"a":1}\n\n{"a": 3}\n')
    kept, held = _parts(str(path))
    assert sorted(map(len, (kept, held))) == [1, 2]


def test_same_parts_are_used_again(tmp_path: Path) -> None:
    path = _file(tmp_path, list(range(40)))
    first = hold_out(path)
    before = Path(first.training).stat().st_mtime_ns
    assert hold_out(path) == first
    assert Path(first.training).stat().st_mtime_ns == before


def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = _file(tmp_path, list(range(40)))
    _, held = paths_beside(path)
    Path(held).write_text("mine\n")
    with pytest.raises(CannotHoldOut, match="already exists with other content"):
        hold_out(path)
    assert Path(held).read_text() == "mine\n"
    assert not (tmp_path / "train.kept.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not a file of JSON lines"),
        ('[{"a": 1}]\n', "is not a file of JSON lines"),
        ('{"a": 1}\n{"a":1}\n', "fewer than two different lines"),
    ],
)
def test_unsuitable_file_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(content)
    with pytest.raises(CannotHoldOut, match=words):
        hold_out(str(path))
