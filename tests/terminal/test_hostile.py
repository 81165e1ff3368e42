"""Output of the real program when everything a server sends is hostile."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_server import FaultServer, Request, Step, answer, in_thread
from tests.support.hostile import NASTY, WIDE, job, text
from tests.terminal.terminal import Terminal

Start = Callable[..., Terminal]

OWN = re.compile(
    rb"\x1b\[[\d;]*m|\x1b\[[\d;]*[CHKX]|\x1b\[\?[\d;]+[hl]|\x1b\[>\d+u|\x1b\[<u|\x1b\[\?\d+\$p|\x1b\[2[23];2t|\x1b\[\?2026[hl]"
    rb"|\x1b\]2;(?:fttui(?: [\x20-\x7e\xe2\x80-\xbf]*)?)?\x07|\x1b\]22;[a-z]+\x07|\x1b\[2J|\r\n"
)
"""Escape sequences that the program itself writes: colours, positions, modes, keyboard, title, pointer."""


def assert_harmless(raw: bytes) -> None:
    """Assert that the output holds only fttui's own sequences and UTF-8 text."""
    rest = OWN.sub(b"", raw).decode("utf-8")
    assert not re.findall(r".{0,40}[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff].{0,40}", rest)
    assert raw.count(b"\x1b[2J") == raw.count(b"\x1b[?1049l") == 1


def send(value: Any) -> Step:
    """Remove wide letters, because the emulator misplaces text drawn over them."""
    return answer(200, json.dumps(value).replace(json.dumps(WIDE)[1:-1], ""), content_type="application/json")


def page(*objects: dict[str, Any]) -> Step:
    return send({"object": NASTY, "data": list(objects), "has_more": False, "next_cursor": NASTY})


JOBS = [job(number, status) for number, status in enumerate(("running", "failed", "succeeded", text("status")))]
PLAIN = {**JOBS[0], "id": "ftjob-plain", "object": "fine_tuning.job"}
EVENTS = [
    {
        "id": text(f"e{n}"),
        "created_at": 1,
        "level": NASTY,
        "type": NASTY,
        "message": text("said"),
        "data": {NASTY: NASTY},
    }
    for n in range(5)
]
FILES = [{"id": text("file"), "filename": NASTY, "status": NASTY, "bytes": 7, NASTY: NASTY}]


def script(request: Request) -> Step:
    """Server with hostile answers."""
    path = request.path
    if request.method != "GET":
        return answer(400, json.dumps({"error": {"message": NASTY.replace(WIDE, ""), "code": NASTY}}))
    if path.endswith("/events"):
        return page(*EVENTS)
    if path.endswith("/checkpoints"):
        return page({"id": NASTY, "step_number": 1, "metrics": {NASTY: 1}, "fine_tuned_model_checkpoint": NASTY})
    if path.endswith("/jobs"):
        return page(PLAIN, *JOBS)
    if "/jobs/" in path:
        return send(PLAIN)
    if "/files" in path:
        return page(*FILES)
    return page({"id": text("model"), "owned_by": NASTY})


def broken(_: Request) -> Step:
    """Build a gateway's HTML page with hostile content."""
    html = f"<html><title>{NASTY}</title><body>{NASTY * 50}</body></html>".replace(WIDE, "")
    return answer(403, html.encode("utf-8", "replace"), content_type="text/html", x_request_id="[/x][bold]")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with in_thread(FaultServer(script)) as found:
        yield found


def test_a_hostile_server_cannot_send_escape_sequences(start: Start, server: FaultServer) -> None:
    terminal = start("--base-url", server.url, size=(120, 40), OPENAI_API_KEY="sk-test")
    terminal.wait("ob-plain")
    terminal.wait("said-N")
    for keys, seen in (
        ("j", r">▸ \?"),
        ("G", r">\? \?"),
        ("g", ">▸ run"),
        ("\r", ">Detail"),
        ("J", '"object"'),
        ("]", ">Log"),
        ("wx", "said"),
        ("/said\r", r"\d of \d"),
        ("]]", ">Files"),
        ("\x1b\x1b\x1bgc", "y/N"),
        ("y", "was not cancelled"),
        ("!", "errors"),
        ("\x1b", "NAME"),
        ("A", "Create a job"),
        ("\x1b", "NAME"),
    ):
        (terminal.answer if keys == "y" else terminal.send)(keys)
        terminal.wait(seen)
    server.script = broken
    terminal.send("r")
    terminal.wait("DENIED")
    terminal.send("!")
    terminal.wait("errors")
    terminal.send("\x03\x03")
    terminal.wait_end()
    assert_harmless(terminal.raw)


@pytest.mark.parametrize(
    "config",
    [
        'profile = "\\u001b]0;owned\\u0007"\n',
        '[keys]\n"\\u001b]0;owned\\u0007" = "x"\n',
        '[keys]\n"job.cancel" = "\\u001b]0;owned\\u0007"\n',
        'theme = "\\u001b]0;owned\\u0007"\n',
        '"\\u001b]0;owned\\u0007" = 5\n',
        "\x1b]0;owned\x07 = 5\n",
        "intervall = 3\n",
        '[keys]\n"job.cancel" = "q"\n',
        "[profiles.w]\nread_onyl = true\n",
    ],
)
def test_a_bad_configuration_is_refused_before_the_first_frame(start: Start, home: Path, config: str) -> None:
    (home / "config.toml").write_text(config, encoding="utf-8")
    terminal = start(FTTUI_CONFIG=str(home / "config.toml"))
    assert terminal.wait_end() == 2
    assert terminal.raw.startswith(b"fttui: ")
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xc2[\x80-\x9f]", terminal.raw)
