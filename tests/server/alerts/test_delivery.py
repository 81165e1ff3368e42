"""Delivery of single alerts: bodies, a webhook that fails in each way, the user's command."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from fttui.server.alerts.delivery import deliver
from fttui.server.alerts.formats import request_of
from fttui.server.settings import COMMAND, WEBHOOK, Settings, settings_of
from fttui.server.storage.alert_table import Alert
from fttui.webhook_url import is_allowed, shown
from tests.support.fault_server import Step, answer, hang_up, raw, reset, serving, silence

HOSTILE = "v4 <!channel> & $(touch evil)"
JOB = {"id": "ftjob-1", "status": "failed", "model": "m\x1b[2J", "suffix": HOSTILE, "fine_tuned_model": None}


def alert(channel: str = WEBHOOK, event: str = "job.failed", message: str = HOSTILE) -> Alert:
    return Alert(1, "alert-7", channel, event, message, JOB, 1_700_000_000)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://ntfy.sh/topic", True),
        ("https://hooks.slack.com/services/T0/B0/secret", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:8080/x", True),
        ("http://ntfy.sh/topic", False),
        ("http://127.0.0.1.evil.example/x", False),
        ("http://localhost.evil.example/x", False),
        ("https://user:secret@host/x", False),
        ("https://host:port/x", False),
        ("https:///x", False),
        ("https://host/a b", False),
        ("https://host/a\nX: y", False),
        ("file:///etc/passwd", False),
        ("", False),
        (7, False),
    ],
)
def test_only_https_and_this_machine_are_allowed(url: object, allowed: bool) -> None:
    assert is_allowed(url) is allowed
    if not allowed and url:
        with pytest.raises(ValueError, match="webhook is not an https address") as found:
            settings_of({"webhook": url})
        assert str(url) not in str(found.value)


def test_the_secret_part_of_an_address_is_not_shown() -> None:
    assert shown("https://hooks.slack.com/services/T0/B0/secret?k=v#x") == "https://hooks.slack.com/…"


def test_bodies_have_the_text_and_headers_nothing_of_the_job() -> None:
    body, headers = request_of("json", alert())
    assert json.loads(body) == {
        "id": "alert-7",
        "attempt": 1,
        "event": "job.failed",
        "created_at": 1_700_000_000,
        "message": HOSTILE,
        "job": JOB,
    }
    assert b"\x1b" not in body
    body, headers = request_of("ntfy", alert())
    assert body == HOSTILE.encode()
    assert headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "Title": "fttui",
        "Tags": "x",
        "Priority": "high",
        "Idempotency-Key": "alert-7",
    }
    assert request_of("ntfy", alert(event="alarm.overfitting"))[1]["Tags"] == "warning"
    assert request_of("ntfy", alert(event="job.succeeded"))[1]["Priority"] == "default"
    assert json.loads(request_of("slack", alert())[0]) == {"text": "v4 &lt;!channel&gt; &amp; $(touch evil)"}


async def test_an_alert_is_one_request_with_the_text_in_its_body() -> None:
    async with serving(answer(204)) as server:
        settings = Settings(webhook=f"{server.origin}/hook/secret", webhook_format="json")
        assert await asyncio.to_thread(deliver, alert(), settings) == ""
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/hook/secret")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "fttui"
    assert request.json()["message"] == HOSTILE


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (answer(500, "secret"), "the webhook answered 500"),
        (answer(404), "the webhook answered 404"),
        (
            answer(302, location="http://127.0.0.1:1/else"),
            "the webhook answered 302, a redirect, which is not followed",
        ),
        (
            answer(307, location="http://127.0.0.1:1/else"),
            "the webhook answered 307, a redirect, which is not followed",
        ),
        (silence(), "no answer within 0.2 s"),
        (hang_up(), "no connection"),
        (reset(), "no connection"),
        (raw(b"\x00\xffsecret\r\n\r\n"), "the answer is not HTTP"),
    ],
)
async def test_each_failure_has_a_reason_without_the_address(step: Step, reason: str) -> None:
    async with serving(step) as server:
        settings = Settings(webhook=f"{server.origin}/hook/secret")
        found = await asyncio.to_thread(deliver, alert(), settings, 0.2)
    assert found.startswith(reason)
    assert "secret" not in found
    assert len(server.requests) == 1


async def test_a_refused_connection_has_a_reason() -> None:
    async with serving(answer(204)) as server:
        pass
    found = await asyncio.to_thread(deliver, alert(), Settings(webhook=f"{server.origin}/secret"))
    assert found == "no connection: Connection refused"


def test_the_command_gets_the_alert_in_its_environment(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = 'printf "%s|%s|%s|%s|%s|" "$#" "$FTTUI_JOB_ID" "$FTTUI_JOB_SUFFIX" "$FTTUI_JOB_MODEL" "$FTTUI_ALARM"'

    def run(**given: Any) -> str:
        settings = Settings(notify_command=("/bin/sh", "-c", f"{script} > {said}"))
        assert deliver(alert(COMMAND, **given), settings) == ""
        for thread in threading.enumerate():
            if thread.name == "notify-command":
                thread.join(10)
        return said.read_text()

    assert run() == f"0|ftjob-1|{HOSTILE}|m[2J||"
    assert run(event="alarm.plateau", message="Flat.") == f"0|ftjob-1|{HOSTILE}|m[2J|Flat.|"


def test_a_missing_command_has_a_reason() -> None:
    found = deliver(alert(COMMAND), Settings(notify_command=("/no/such/program",)))
    assert found == "the command cannot be started: No such file or directory"
