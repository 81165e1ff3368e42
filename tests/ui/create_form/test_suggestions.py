"""What a field of the form may become."""

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.file import File
from fttui.text import width
from fttui.ui.create_form.suggestions import Offer, Offers, folder_of, listed, names_in
from fttui.ui.create_form.suggestions import paths as paths_of
from fttui.ui.render.glyphs import ASCII, UNICODE


def known() -> Offers:
    offers = Offers()
    names = {"file-a1": "train.jsonl", "file-b2": "Other.jsonl", "file-c3": "train.jsonl", "file-d4": ""}
    files = [File.read({"id": id, "filename": name}) for id, name in names.items()]
    offers.learn(["gpt-4.1-mini", "gpt-4.1", "tiny"], files, 0.0)
    return offers


def paths(text: str) -> list[str]:
    return paths_of(text, names_in(folder_of(text)))


def texts(name: str, text: str) -> list[str]:
    return [offer.text for offer in known().of(name, text)]


def test_first_what_begins_with_the_text_then_what_has_it() -> None:
    assert texts("model", "gpt-4.1") == ["gpt-4.1-mini"]
    assert texts("model", "4.1") == ["gpt-4.1-mini", "gpt-4.1"]
    assert texts("training_file", "file-") == ["file-a1", "file-b2", "file-c3", "file-d4"]
    assert texts("validation_file", "other") == ["file-b2"]
    assert texts("model", "") == []


def test_files_of_one_name_are_told_apart() -> None:
    shown = [offer.shown for offer in known().all("training_file")]
    assert shown == ["train.jsonl (file-a1)", "Other.jsonl", "train.jsonl (file-c3)", "file-d4"]


def test_the_newest_file_of_a_name_comes_first() -> None:
    offers = Offers()
    made = {"file-a1": 100.0, "file-b2": 900.0, "file-c3": 901.0, "file-d4": None}
    offers.learn([], [File.read({"id": id, "filename": "t", "created_at": at}) for id, at in made.items()], 1000.0)
    shown = [offer.shown for offer in offers.all("training_file")]
    assert shown == ["t 1m ago (file-c3)", "t 1m ago (file-b2)", "t 15m ago", "t"]


def test_base_models_come_first() -> None:
    offers = Offers()
    names = ["ft:a:o::1:ckpt-step-2", "ft:a:o::1", "gpt.ft-9", "xft:a", "a"]
    offers.learn(names, [], 0.0)
    assert [offer.text for offer in offers.all("model")] == ["xft:a", "a", "ft:a:o::1", "gpt.ft-9", names[0]]
    assert [offer.text for offer in offers.of("model", "ft:")] == ["xft:a", "ft:a:o::1", names[0]]


async def test_a_slow_disk_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.ui.create_form.suggestions.PATIENCE", 0.0)
    read, asked = threading.Event(), []

    def slow(folder: str) -> list[str]:
        asked.append(folder)
        read.wait(10)
        return ["one.jsonl"]

    offers = Offers(slow)
    assert not await offers.look("training_file", "/far/o")
    assert not await offers.look("training_file", "/far/on")
    assert offers.of("training_file", "/far/o") == []
    read.set()
    async with asyncio.timeout(60):
        while not await offers.look("training_file", "/far/o"):
            await asyncio.sleep(0)
    assert offers.completed("training_file", "/far/o") == "/far/one.jsonl"
    assert asked == ["/far/"], "read once, however many keys there were"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("method", "d", ["dpo"]),
        ("method", "dpo", []),
        ("reasoning_effort", "h", ["high"]),
        ("n_epochs", "a", ["auto"]),
        ("suffix", "a", []),
    ],
)
def test_settings_that_know_words(name: str, text: str, found: list[str]) -> None:
    assert texts(name, text) == found


async def test_paths_are_suggested_as_far_as_they_go(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").touch()
    (tmp_path / "data" / "train.bin").touch()
    (tmp_path / "data" / "tr\x1b[2J.jsonl").touch()
    (tmp_path / ".hidden.jsonl").touch()
    assert paths(f"{tmp_path}/d") == [f"{tmp_path}/data/"]
    assert paths(f"{tmp_path}/data/tr") == [f"{tmp_path}/data/train.jsonl"]
    assert paths(f"{tmp_path}/") == [f"{tmp_path}/data/"]
    assert paths(f"{tmp_path}/none/x") == []
    assert paths("\0/") == []
    assert paths("x" * 10_000 + "/") == []
    offers = Offers()
    await offers.look("grader", f"{tmp_path}/d")
    assert [offer.shown for offer in offers.of("grader", f"{tmp_path}/d")] == ["data/"]


@given(
    st.lists(st.text(alphabet="ab漢.", min_size=1, max_size=30), min_size=1, max_size=30),
    st.integers(-1, 29),
    st.integers(20, 120),
    st.sampled_from([UNICODE, ASCII]),
)
def test_the_list_fits_and_has_the_chosen_one(words: list[str], chosen: int, cells: int, glyphs: object) -> None:
    chosen = min(chosen, len(words) - 1)
    line = listed([Offer(word, word) for word in words], chosen, cells, glyphs)  # type: ignore[arg-type]
    assert sum(width(text) for text, _ in line) <= cells
    assert sum(role == "match" for _, role in line) == (chosen >= 0)
