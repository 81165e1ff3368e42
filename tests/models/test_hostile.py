"""Decoding of broken objects: it never raises, text is cleaned, the raw JSON is kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.metric import points_of_events, points_of_result_files
from fttui.models.page import Page
from fttui.models.status import Status
from fttui.models.wire import Wire, sent_id
from fttui.text import clean, clean_line
from tests.support.objects import CHECKPOINT, EVENT, FILE, JOB, MISSING, MODEL, deep, mutated, paths, texts, values

KINDS: list[tuple[type[Wire], dict[str, Any]]] = [
    (Job, JOB),
    (Event, EVENT),
    (Checkpoint, CHECKPOINT),
    (File, FILE),
    (Model, MODEL),
]
BY_NAME = pytest.mark.parametrize(("kind", "sample"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
RAW = {"raw", "grader", "data"}
"""Members with JSON as sent, which must be cleaned before showing."""
PARAGRAPHS = {"message", "status_details", "metadata"}


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, BaseModel):
        return [text for name in type(value).model_fields for text in texts_in(getattr(value, name))]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for item in pair for text in texts_in(item)]
    if isinstance(value, tuple | list):
        return [text for item in value for text in texts_in(item)]
    return []


def check(kind: type[Wire], raw: Any) -> Wire:
    read = kind.read(raw)
    assert read.raw is raw
    assert read.id
    for name in set(kind.model_fields) - RAW:
        for text in texts_in(getattr(read, name)):
            assert clean(text) == text
            if name not in PARAGRAPHS and name != "error":
                assert clean_line(text) == text
    for name in set(kind.model_fields) - RAW:
        if isinstance(number := getattr(read, name), int):
            assert abs(number) < 2**63, "the value does not fit into the archive"
    if isinstance(read, Job):
        row = read.row()
        assert all(clean_line(cell) == cell for cell in row if isinstance(cell, str))
        assert isinstance(read.status, Status)
        assert read.can_act in (True, False)
        assert not (read.fault and read.can_act)
    if isinstance(read, Event):
        points_of_events([read])
        assert all(clean_line(name) == name for name in read.metrics)
    return read


@BY_NAME
def test_sample_is_decoded_completely(kind: type[Wire], sample: dict[str, Any]) -> None:
    assert check(kind, sample).fault == ""


@BY_NAME
@given(data=st.data())
def test_any_member_may_have_any_value(kind: type[Wire], sample: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(sample)))
    check(kind, mutated(sample, path, data.draw(values)))


@BY_NAME
def test_any_member_may_be_missing(kind: type[Wire], sample: dict[str, Any]) -> None:
    for path in paths(sample):
        check(kind, mutated(sample, path, MISSING))


@BY_NAME
@pytest.mark.parametrize("shape", ["array", "object"])
def test_any_member_may_be_deeply_nested(kind: type[Wire], sample: dict[str, Any], shape: str) -> None:
    nested = deep(900, shape)
    for path in paths(sample):
        check(kind, mutated(sample, path, nested))
    check(kind, nested)


@BY_NAME
@given(raw=values)
def test_any_json_value_is_decoded_as_an_object(kind: type[Wire], sample: dict[str, Any], raw: Any) -> None:
    read = check(kind, raw)
    if not isinstance(raw, dict):
        assert read.fault


@BY_NAME
@given(extra=st.dictionaries(texts, values, max_size=4))
def test_unknown_members_stay_in_raw(kind: type[Wire], sample: dict[str, Any], extra: dict[str, Any]) -> None:
    raw = extra | sample
    assert check(kind, raw).raw == raw


@given(raw=values)
def test_made_up_id_depends_on_the_content_only(raw: Any) -> None:
    read = Job.read(raw)
    assert read.id == Job.read(raw).id
    if read.fault:
        assert sent_id(raw) == ""
    else:
        assert sent_id(raw) == read.id


@given(pair=st.lists(st.text("ab\x1b\u202e\n\ud800 ", max_size=4), min_size=2, max_size=2, unique=True))
def test_different_ids_stay_different_after_cleaning(pair: list[str]) -> None:
    assert Job.read({"id": pair[0]}).id != Job.read({"id": pair[1]}).id


@given(raw=st.one_of(values, st.fixed_dictionaries({"data": values, "has_more": values})))
def test_any_json_is_a_page_or_raises_value_error(raw: Any) -> None:
    try:
        page = Page.read(Job, raw)
    except ValueError as error:
        assert str(error).startswith("expected a list, got ")  # noqa: PT017
        return
    assert len(page.items) == len(page.objects)
    assert all(item.id and item.raw is sent for item, sent in zip(page.items, page.objects, strict=True))
    assert page.cursor is None or page.cursor in {item.id for item in page.items if not item.fault}


@given(content=st.one_of(st.binary(max_size=200), texts.map(lambda text: ("step," + text).encode("utf-8", "replace"))))
def test_points_of_any_result_file_are_in_order_of_steps(content: bytes) -> None:
    points = points_of_result_files([content])
    assert [point.step for point in points] == sorted({point.step for point in points})


def test_samples_are_json() -> None:
    for _, sample in KINDS:
        assert json.loads(json.dumps(sample)) == sample
