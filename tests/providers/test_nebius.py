"""Nebius: other hyperparameters, no auto, no metadata, places in its errors."""

from collections.abc import Callable, Iterator

import pytest

from fttui.api import providers
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import Connect, connect
from tests.providers.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import hang_up, in_thread
from tests.support.providers.nebius import FakeNebius

__all__ = ["connect"]
CREATE = ("jobs", "create", "--model", "m", "--training-file", "file-abc")


@pytest.fixture
def service() -> Iterator[FakeNebius]:
    found = FakeNebius()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeNebius) -> Fttui:
    return near("nebius", service.server.url)


def test_auto_and_the_token_are_not_sent(fttui: Fttui, service: FakeNebius) -> None:
    made = fttui(*CREATE, "--n-epochs", "auto", "--learning-rate-multiplier", "auto", "--batch-size", "8")
    assert (made.code, made.out) == (0, "ftjob-000\n")
    assert service.server.requests[-1].json() == {
        "model": "m",
        "training_file": "file-abc",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"batch_size": 8}}},
    }


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning-rate-multiplier", "2"], "has no learning_rate_multiplier: it takes learning_rate, an absolute"),
        (["--method", "dpo"], "does not offer the method dpo, only supervised"),
        (["--metadata", "team=nlp"], "keeps no metadata, so it would be lost"),
    ],
)
def test_what_it_lacks_is_refused_before_a_request(
    fttui: Fttui, service: FakeNebius, flags: list[str], words: str
) -> None:
    refused = fttui(*CREATE, *flags)
    assert (refused.code, refused.out) == (2, "")
    assert words in refused.err
    assert service.server.requests == []


def test_sweep_is_created_without_its_mark(fttui: Fttui, service: FakeNebius) -> None:
    made = fttui(*CREATE, "--hyperparameter", "learning_rate=1e-5", "--n-epochs", "1", "--n-epochs", "2", "--yes")
    assert (made.code, made.lines) == (0, ["ftjob-000", "ftjob-001"])
    assert not any("metadata" in request.json() for request in service.server.requests)


def test_error_names_the_member(fttui: Fttui) -> None:
    refused = fttui(*CREATE, "--hyperparameter", "lora_r=many")
    assert refused.code == 1
    assert "body.method.supervised.hyperparameters.lora_r: Input should be a valid number (422)" in refused.err


async def test_lost_create_is_never_sent_again_and_has_no_token(connect: Connect, clock: FakeClock) -> None:
    service = FakeNebius()
    service.faults["POST /fine_tuning/jobs"] = [hang_up()]
    spec = JobSpec(model="m", training_file="f")

    async def remember(token: str, body: str) -> None:
        raise AssertionError("no token can come back")

    async with service.server:
        client = connect(provider=providers.provider("nebius", service.server.url))
        outcome = await create_once(client, spec, clock, remember)
    assert (outcome.ok, outcome.ambiguous) == (False, True)
    assert service.lines.count("POST /fine_tuning/jobs") <= 1


def test_weights_stay_at_a_provider_that_does_not_give_them(fttui: Fttui, service: FakeNebius) -> None:
    refused = fttui("models", "export", "ft:m", "-o", "out")
    assert (refused.code, "does not give the weights of tuned models" in refused.err) == (2, True)
    assert service.server.requests == []
