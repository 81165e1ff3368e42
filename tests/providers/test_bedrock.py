"""Amazon Bedrock's endpoint with OpenAI's API: a function as grader, no suffix."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.providers.conftest import Fttui
from tests.support.fault_server import in_thread
from tests.support.service import Service

GRADER = {"type": "lambda", "lambda": {"function": "arn:aws:lambda:us-west-2:1:function:grade"}}
LINE = '{"messages": [{"role": "user", "content": "q%d"}], "answer": "a"}\n'


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: Service) -> Fttui:
    return near("bedrock", service.server.url)


def test_lambda_grader_is_sent_with_checked_data(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "t.jsonl").write_text("".join(LINE % number for number in range(12)))
    (home / "grader.json").write_text(json.dumps(GRADER))
    made = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--grader", "grader.json")
    assert made.code == 0, made.err
    body = service.server.requests[-1].json()
    assert body["method"] == {"type": "reinforcement", "reinforcement": {"grader": GRADER}}


def test_suffix_is_refused_before_a_request(fttui: Fttui, service: Service) -> None:
    refused = fttui("jobs", "create", "--model", "m", "--training-file", "file-a", "--suffix", "s")
    assert refused.code == 2
    assert "has no suffix" in refused.err
    assert service.server.requests == []
