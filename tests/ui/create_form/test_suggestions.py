"""Suggestions for the fields of the create form."""

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.file import File
from fttui.text import width
from fttui.ui.create_form.suggestions import Suggestion, Suggestions, directory_of, names_in, suggestion_line
from fttui.ui.create_form.suggestions import paths as paths_of
from fttui.ui.render.glyphs import ASCII, UNICODE


def known() -> Suggestions:
    suggestions = Suggestions()
    names = {"file-a1": "train.jsonl", "file-b2": "Other.jsonl", "file-c3": "train.jsonl", "file-d4": ""}
    files = [File.read({"id": id, "filename": name}) for id, name in names.items()]
    suggestions.learn(["gpt-4.1-mini", "gpt-4.1", "tiny"], files, 0.0)
    return suggestions


def paths(text: str) -> list[str]:
    return paths_of(text, names_in(directory_of(text)))


def texts(name: str, text: str) -> list[str]:
    return [suggestion.text for suggestion in known().of(name, text)]


def test_suggestions_that_begin_with_the_text_come_first() -> None:
    assert texts("model", "gpt-4.1") == ["gpt-4.1-mini"]
    assert texts("model", "4.1") == ["gpt-4.1-mini", "gpt-4.1"]
    assert texts("training_file", "file-") == ["file-a1", "file-b2", "file-c3", "file-d4"]
    assert texts("validation_file", "other") == ["file-b2"]
    assert texts("model", "") == []


def test_files_with_the_same_name_are_shown_with_their_ids() -> None:
    shown = [suggestion.shown for suggestion in known().all("training_file")]
    assert shown == ["train.jsonl (file-a1)", "Other.jsonl", "train.jsonl (file-c3)", "file-d4"]


def test_newest_file_of_a_name_comes_first() -> None:
    suggestions = Suggestions()
    made = {"file-a1": 100.0, "file-b2": 900.0, "file-c3": 901.0, "file-d4": None}
    suggestions.learn([], [File.read({"id": id, "filename": "t", "created_at": at}) for id, at in made.items()], 1000.0)
    shown = [suggestion.shown for suggestion in suggestions.all("training_file")]
    assert shown == ["t 1m ago (file-c3)", "t 1m ago (file-b2)", "t 15m ago", "t"]


def test_base_models_come_before_tuned_models() -> None:
    suggestions = Suggestions()
    names = ["ft:a:o::1:ckpt-step-2", "ft:a:o::1", "gpt.ft-9", "xft:a", "a"]
    suggestions.learn(names, [], 0.0)
    assert [each.text for each in suggestions.all("model")] == [
        "xft:a",
        "a",
        "ft:a:o::1",
        "gpt.ft-9",
        names[0],
    ]
    assert [each.text for each in suggestions.of("model", "ft:")] == ["xft:a", "ft:a:o::1", names[0]]


async def test_slow_disk_delays_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.ui.create_form.suggestions.PATIENCE", 0.0)
    read, asked = threading.Event(), []

    def slow(folder: str) -> list[str]:
        asked.append(folder)
        read.wait(10)
        return ["one.jsonl"]

    suggestions = Suggestions(slow)
    assert not await suggestions.look("training_file", "/far/o")
    assert not await suggestions.look("training_file", "/far/on")
    assert suggestions.of("training_file", "/far/o") == []
    read.set()
    async with asyncio.timeout(60):
        while not await suggestions.look("training_file", "/far/o"):
            await asyncio.sleep(0)
    assert suggestions.completed("training_file", "/far/o") == "/far/one.jsonl"
    assert asked == ["/far/"], "the directory is read once for all keys"


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
def test_settings_with_known_words(name: str, text: str, found: list[str]) -> None:
    assert texts(name, text) == found


async def test_only_directories_and_data_files_are_suggested(tmp_path: Path) -> None:
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
    suggestions = Suggestions()
    await suggestions.look("grader", f"{tmp_path}/d")
    assert [suggestion.shown for suggestion in suggestions.of("grader", f"{tmp_path}/d")] == ["data/"]


@given(
    st.lists(st.text(alphabet="ab漢.", min_size=1, max_size=30), min_size=1, max_size=30),
    st.integers(-1, 29),
    st.integers(20, 120),
    st.sampled_from([UNICODE, ASCII]),
)
def test_suggestion_line_fits_and_contains_the_chosen_suggestion(
    words: list[str], chosen: int, cells: int, glyphs: object
) -> None:
    chosen = min(chosen, len(words) - 1)
    line = suggestion_line([Suggestion(word, word) for word in words], chosen, cells, glyphs)  # type: ignore[arg-type]
    assert sum(width(text) for text, _ in line) <= cells
    assert sum(role == "match" for _, role in line) == (chosen >= 0)
