"""Jobs that are refused by the facts of a provider, before a request is sent."""

from typing import Any

import pytest

from fttui.api import providers
from fttui.api.errors import BadRequest
from fttui.models.spec import JobSpec
from tests.api.conftest import Connect
from tests.support.fault_server import send_json, serving


def spec(**more: Any) -> JobSpec:
    return JobSpec(model="m", training_file="f", **more)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("litellm", {"metadata": {"team": "nlp"}}, "keeps no metadata, so it would be lost"),
        ("litellm", {"metadata": {"fttui.sweep": "s1"}}, ""),
        ("openai", {"hyperparameters": {"n_epochs": "auto", "new_name": 3, "beta": 1}}, ""),
        ("openai", {"method": "ppo"}, "does not offer the method ppo, only supervised, dpo, reinforcement"),
    ],
)
async def test_reason_is_told_before_a_request(connect: Connect, name: str, given: dict[str, Any], reason: str) -> None:
    async with serving(send_json({"id": "j"})) as server:
        client = connect(provider=providers.provider(name, server.url))
        assessed = await client.assess(spec(**given), has_files=False)
        assert assessed.refusal == (f"{server.url} {reason}" if reason else "")
        if reason:
            with pytest.raises(BadRequest, match=reason):
                await client.create_job(spec(**given))
        assert server.requests == []


async def test_metadata_that_would_be_lost_is_not_sent(connect: Connect) -> None:
    async with serving(send_json({"id": "j"})) as server:
        client = connect(provider=providers.provider("litellm", server.url))
        await client.create_job(spec(metadata={"fttui.sweep": "s1"}))
    assert server.requests[0].json() == {"model": "m", "training_file": "f"}
