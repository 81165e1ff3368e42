"""Faults of docs/faults.md at near providers: the same message, requests and exit code as at OpenAI."""

import re

import pytest

from fttui.api import providers
from fttui.api.errors import ApiError
from fttui.cli.exit_codes import exit_code_of
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import KEY, Connect, connect
from tests.api.test_fault_table import DOCUMENT, FAULTS, TIMED
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer

__all__ = ["connect"]
NEAR = ["nebius", "bedrock", "together", "dashscope", "localai", "vertex", "fireworks"]
DATA = {"vertex": "gs://b/t.jsonl"}
CLOSED = {"fireworks": "takes no new jobs"}
"""Providers that create nothing, and why."""
SLOW = {*TIMED, "60 MB of `[[[]]]`", "300,000 values", "small compressed response of 70 MB"}
"""Faults of the layers below a dialect, played once in `tests/api`."""


def documented(fault: str) -> list[str]:
    """Return the cells of a fault in the document."""
    line = next(line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| {fault} |"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in SLOW])
async def test_fault_has_the_documented_message_requests_and_exit_code(
    connect: Connect, clock: FakeClock, name: str, fault: str
) -> None:
    async with FaultServer(lambda _: FAULTS[fault]) as server:
        provider = providers.provider(name, server.url)
        client = connect(provider=provider, verify=False)  # no certificates are needed, and loading them takes time
        with pytest.raises(ApiError) as caught:
            await client.list_jobs()
        error, reads = caught.value, len(server.requests)
        server.requests.clear()

        async def remember(token: str, body: str) -> None:
            pass

        outcome = await create_once(client, JobSpec(model="m", training_file=DATA.get(name, "f")), clock, remember)
        posts = [request for request in server.requests if request.method == "POST"]
    message = "<br>".join(filter(None, (str(error), error.hint))).replace(server.url, "…").replace(provider.title, "…")
    _, words, read, create, code = documented(fault)
    if not provider.key_variable:
        words = words.replace("Set OPENAI_API_KEY, or use a profile.", "Name one in the profile.")
    assert message == words
    assert (f"{reads}×", str(exit_code_of(error))) == (read, code)
    assert KEY not in f"{message} {outcome.message}"
    if name in CLOSED:
        assert (posts, outcome.ok, outcome.ambiguous, CLOSED[name] in outcome.message) == ([], False, False, True)
        return
    assert f"{len(posts)}×" == create.partition(",")[0]
    assert outcome.ambiguous == ("search" in create)
