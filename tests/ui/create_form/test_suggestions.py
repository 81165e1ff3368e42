"""Suggestions for the fields of the create form."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.text import width
from fttui.ui.create_form.choices import choice_line
from fttui.ui.create_form.suggestions import Found, Known, Suggestion, Suggestions, directory_of, names_in
from fttui.ui.render.glyphs import ASCII, UNICODE


def models(*names: str) -> list[Model]:
    return [Model.read({"id": name}) for name in names]


def files(**names: Any) -> list[File]:
    """Return files by id with `_` for `-`, each with a name or with several members."""
    found = []
    for id, members in names.items():
        members = members if isinstance(members, dict) else {"filename": members}
        found.append(File.read({"id": id.replace("_", "-"), **members}))
    return found


def known(**more: Any) -> Suggestions:
    suggestions = Suggestions()
    uploaded = files(file_a1="train.jsonl", file_b2="Other.jsonl", file_c3="train.jsonl", file_d4="")
    given = {"models": models("gpt-4.1-mini", "gpt-4.1", "tiny"), "files": uploaded, "profile": "openai"}
    suggestions.learn(Known(**(given | more)))
    return suggestions


def texts(name: str, text: str) -> list[str]:
    return [suggestion.text for suggestion in known().of(name, text)]


async def paths(text: str) -> list[str]:
    suggestions = Suggestions()
    await suggestions.look("grader", text)
    return [suggestion.text for suggestion in suggestions.of("grader", text)]


def test_suggestions_that_begin_with_the_text_come_first() -> None:
    assert texts("model", "gpt-4.1") == ["gpt-4.1-mini", "gpt-4.1"]
    assert texts("model", "4.1") == ["gpt-4.1-mini", "gpt-4.1"]
    assert texts("model", "T") == ["tiny", "gpt-4.1-mini", "gpt-4.1"]
    assert texts("training_file", "file-") == ["file-a1", "file-b2", "file-c3", "file-d4"]
    assert texts("validation_file", "other") == ["file-b2"]


def test_empty_text_has_every_suggestion() -> None:
    assert texts("model", "") == ["gpt-4.1-mini", "gpt-4.1", "tiny"]


def test_files_are_shown_by_name_with_size_age_and_id() -> None:
    suggestions = known(
        files=files(file_a1={"filename": "t", "bytes": 29900, "created_at": 100.0}, file_b2={}), now=1000.0
    )
    first, second = suggestions.of("training_file", "")
    assert first[1:5] == ("t", "29.9 kB", "uploaded 15m ago", "file-a1")
    assert second[1:5] == ("file-b2", "", "uploaded", "file-b2")


def test_used_models_and_files_come_first() -> None:
    jobs = [
        Job.read({"id": "2", "model": "tiny", "training_file": "file-c3", "created_at": 900}),
        Job.read({"id": "1", "model": "own", "training_file": "file-b2", "created_at": 100}),
    ]
    suggestions = known(jobs=jobs, now=1000.0)
    listed = suggestions.of("model", "")
    assert [each.text for each in listed] == ["tiny", "own", "gpt-4.1-mini", "gpt-4.1"]
    assert [each.source for each in listed[:2]] == ["listed by openai", "used 15m ago"]
    assert [each.text for each in suggestions.of("training_file", "")][:2] == ["file-c3", "file-b2"]
    assert suggestions.of("training_file", "")[0].source == "used 1m ago"


def test_newest_uploaded_file_comes_first() -> None:
    made = {"file_a1": 100.0, "file_b2": 900.0, "file_c3": 901.0, "file_d4": None}
    suggestions = known(files=files(**{id: {"filename": "t", "created_at": at} for id, at in made.items()}))
    assert [each.text for each in suggestions.of("training_file", "")] == ["file-c3", "file-b2", "file-a1", "file-d4"]


def test_base_models_come_before_tuned_models() -> None:
    names = ["ft:a:o::1:ckpt-step-2", "ft:a:o::1", "gpt.ft-9", "xft:a", "a"]
    suggestions = known(models=models(*names))
    assert [each.text for each in suggestions.of("model", "")] == ["xft:a", "a", "ft:a:o::1", "gpt.ft-9", names[0]]
    assert [each.kind for each in suggestions.of("model", "")] == ["base", "base", "tuned", "tuned", "checkpoint"]


def test_sources_of_local_models_are_named() -> None:
    tuned = Job.read({"id": "j", "fine_tuned_model": "ft:a", "created_at": 100})
    suggestions = known(models=models("fttui-tiny-1", "llama", "ft:a"), jobs=[tuned], now=1000.0, is_local=True)
    sources = {each.text: each.source for each in suggestions.of("model", "")}
    assert sources == {"fttui-tiny-1": "in the box", "llama": "of your trainers", "ft:a": "tuned 15m ago"}


@pytest.mark.parametrize(("text", "name"), [("GPT-4.1-mimi", "gpt-4.1-mini"), ("tinny", "tiny"), ("zzz", "")])
def test_nearest_model_is_found(text: str, name: str) -> None:
    assert known().nearest(text) == name


async def test_slow_disk_delays_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.ui.create_form.suggestions.PATIENCE", 0.0)
    read, asked = threading.Event(), []

    def slow(folder: str) -> list[Found]:
        asked.append(folder)
        read.wait(10)
        return [Found("one.jsonl")]

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
        ("method", "d", ["dpo", "supervised"]),
        ("method", "dpo", ["dpo"]),
        ("reasoning_effort", "h", ["high"]),
        ("n_epochs", "a", []),
        ("suffix", "a", []),
    ],
)
def test_settings_with_known_words(name: str, text: str, found: list[str]) -> None:
    assert texts(name, text) == found


async def test_only_directories_and_data_files_are_suggested(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").touch()
    (tmp_path / "data" / "my-train.jsonl").touch()
    (tmp_path / "data" / "train.bin").touch()
    (tmp_path / "data" / "tr\x1b[2J.jsonl").touch()
    (tmp_path / ".hidden.jsonl").touch()
    assert await paths(f"{tmp_path}/d") == [f"{tmp_path}/data/"]
    assert await paths(f"{tmp_path}/data/tr") == [f"{tmp_path}/data/train.jsonl", f"{tmp_path}/data/my-train.jsonl"]
    assert await paths(f"{tmp_path}/") == [f"{tmp_path}/data/"]
    assert await paths(f"{tmp_path}/.h") == [f"{tmp_path}/.hidden.jsonl"]
    assert await paths(f"{tmp_path}/none/x") == []
    assert await paths("\0/") == []
    assert await paths("x" * 10_000 + "/") == []


def test_size_and_age_of_a_path_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("x" * 1500)
    os.utime(tmp_path / "a.jsonl", (100, 100))
    assert names_in(str(tmp_path)) == [Found("a.jsonl", 1500, 100.0)]
    assert directory_of(f"{tmp_path}/a") == f"{tmp_path}/"


@given(
    st.lists(st.text(alphabet="ab漢.", min_size=1, max_size=90), min_size=1, max_size=30),
    st.integers(20, 120),
    st.sampled_from([UNICODE, ASCII]),
)
def test_row_of_a_suggestion_fits(words: list[str], cells: int, glyphs: Any) -> None:
    found = [Suggestion(word, word, "29.9 kB", "uploaded 2h ago", "..14D82gK9") for word in words]
    for index in range(len(found)):
        line = choice_line(found, index, cells, glyphs, "training_file")
        assert sum(width(text) for text, _ in line) <= cells
