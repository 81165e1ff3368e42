"""A database that is damaged while the service runs: the service ends, and the next one repairs it."""

import os
import sqlite3
from contextlib import closing

import httpx

from fttui.server import control
from tests.server.conftest import GOOD, until


def client(home: str) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=control.ensure(home)), base_url="http://localhost/v1")


def test_a_database_damaged_during_service_is_repaired_by_the_next(home: str) -> None:
    with client(home) as http:
        answer = http.post("/files", data={"purpose": "batch"}, files={"file": ("d.jsonl", GOOD)})
        file = answer.json()
        path = os.path.join(home, "service.db")
        with closing(sqlite3.connect(path)) as other, open(path, "r+b") as raw:
            other.execute("UPDATE meta SET value = 'x' WHERE key = 'salt'")  # the service forgets the pages it has read
            other.commit()
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.seek(4096)
            raw.write(b"\xff" * (os.path.getsize(path) - 4096))
        assert http.get("/files").status_code >= 500
    until(lambda: control.running(home) is None)
    with client(home) as http:
        assert http.get("/files").json()["data"] == [file]
    notices = control.notices(home)
    assert any("service.db.aside-" in notice and "rebuilt" in notice for notice in notices)
    assert (control.status(home) or {})["notices"] == list(notices)
