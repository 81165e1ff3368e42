"""Forms of training data of single providers: checked by the same rules, converted where nothing is guessed."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fttui.data.check import check_file
from fttui.data.provider_forms import FORMS, GEMINI, PAIRS, convert_file, from_form, to_form

CHAT = {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"},
    ]
}
CONTENTS = {
    "systemInstruction": {"parts": [{"text": "s"}]},
    "contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}],
}
ASKED = [{"role": "user", "content": "q"}]
GOOD, BAD = {"role": "assistant", "content": "yes"}, {"role": "assistant", "content": "no"}
PREFERENCE = {"input": {"messages": ASKED}, "preferred_completion": [GOOD], "non_preferred_completion": [BAD]}
PAIR = {"messages": ASKED, "chosen": GOOD, "rejected": BAD}


@pytest.mark.parametrize(("form", "ours", "theirs"), [(GEMINI, CHAT, CONTENTS), (PAIRS, PREFERENCE, PAIR)])
def test_example_is_converted_both_ways(form: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert to_form(ours, form) == theirs
    assert from_form(theirs, form) == ours


def test_guide_names_of_preference_data_are_converted_too() -> None:
    guide = {"input": {"messages": ASKED}, "preferred_output": [GOOD], "non_preferred_output": [BAD]}
    assert to_form(guide, PAIRS) == PAIR


@pytest.mark.parametrize(
    ("form", "example"),
    [
        (GEMINI, {"messages": [{"role": "assistant", "content": "a", "weight": 0}]}),
        (GEMINI, {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
        (GEMINI, {**CHAT, "tools": []}),
        (PAIRS, {**PREFERENCE, "preferred_completion": [GOOD, GOOD]}),
        (PAIRS, {**PREFERENCE, "input": {"messages": ASKED, "tools": []}}),
    ],
)
def test_what_the_form_cannot_express_is_not_converted(form: str, example: dict[str, Any]) -> None:
    assert to_form(example, form) is None


def written(path: Path, example: dict[str, Any], count: int = 12) -> str:
    lines = (json.dumps(example).replace('"q"', f'"q{number}"') for number in range(count))
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


@pytest.mark.parametrize(("provider", "method", "example"), [("vertex", None, CONTENTS), ("dashscope", "dpo", PAIR)])
def test_data_in_the_form_of_its_provider_is_valid(
    tmp_path: Path, provider: str, method: str | None, example: dict[str, Any]
) -> None:
    report = check_file(written(tmp_path / "t", example), method=method, provider="other", form=FORMS[provider])
    assert (report.ok, report.examples) == (True, 12)


@pytest.mark.parametrize(("provider", "method", "example"), [("vertex", None, CHAT), ("dashscope", "dpo", PREFERENCE)])
def test_data_in_our_form_must_be_converted_for_the_provider(
    tmp_path: Path, provider: str, method: str | None, example: dict[str, Any]
) -> None:
    report = check_file(written(tmp_path / "t", example), method=method, provider="other", form=FORMS[provider])
    assert [group.code for group in report.groups if group.level == "error"] == ["other_form"]


def test_chat_data_needs_no_conversion_for_model_studio(tmp_path: Path) -> None:
    assert check_file(written(tmp_path / "t", CHAT), provider="other", form=FORMS["dashscope"]).ok


def test_file_is_converted_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(json.dumps(CHAT) + "\nnot JSON\n" + json.dumps({**CHAT, "tools": []}) + "\n")
    target = io.BytesIO()
    assert convert_file(str(path), target, GEMINI) == 1
    assert [json.loads(line) for line in target.getvalue().splitlines()[::2]] == [CONTENTS, {**CHAT, "tools": []}]
