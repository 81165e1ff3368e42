"""Requests over the socket: an answer, a refusal, and no answer."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from fttui.server import control, socket_client, stop
from fttui.server import home as homedir
from fttui.server.lock import take_lock

FULL = b'HTTP/1.1 503 \r\nretry-after: 1\r\n\r\n{"error": {"message": "Too many connections. Try again in a moment."}}'
STATE = {"pid": 1, "version": "99.0.0", "started_at": 1.0, "jobs": {}}


def ok(home: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps({**STATE, "home": home}).encode()


@pytest.fixture
def answering(home: str) -> Iterator[Callable[..., str]]:
    """Function that starts a fake service on the socket of `home`. Each answer is sent once, the last one always."""
    listeners: list[socket.socket] = []

    def start(*answers: bytes) -> str:
        homedir.make_home(home)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listeners.append(listener)
        listener.bind(homedir.home_socket_path(home))
        listener.listen(8)
        waiting = list(answers)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

        threading.Thread(target=serve, daemon=True).start()
        return homedir.home_socket_path(home)

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        Path(homedir.home_socket_path(home)).unlink()


def test_status_of_a_refusing_service_is_a_refusal(home: str, answering: Callable[..., str]) -> None:
    answering(FULL)
    with pytest.raises(control.ServiceBusy, match=r"is running, but refused the request: Too many connections\."):
        control.status(home)


def test_status_of_a_socket_that_does_not_answer_is_a_refusal(home: str) -> None:
    homedir.make_home(home)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(homedir.home_socket_path(home))
        assert control.status(home) is None, "nobody listens"
        listener.listen(1)
        with pytest.raises(control.ServiceBusy, match="did not answer within"):
            socket_client.request(homedir.home_socket_path(home), "GET", "/service", timeout=0.01)
        os.unlink(homedir.home_socket_path(home))


def test_a_full_queue_of_new_connections_is_tried_again(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    homedir.make_home(home)
    path = homedir.home_socket_path(home)
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(path)
        listener.listen(1)
        with suppress(BlockingIOError):
            while True:
                waiting = open_sockets.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                waiting.setblocking(False)
                waiting.connect(path)
        pauses: list[float] = []

        def answer_all() -> None:
            with suppress(OSError):  # the listener is closed at the end
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(ok(home))

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            open_sockets.enter_context(listener.accept()[0])  # one place becomes free

        monkeypatch.setattr(socket_client.time, "sleep", pause)
        connecting = socket_client._connect

        def connect(*given: Any) -> None:
            connecting(*given)
            threading.Thread(target=answer_all, daemon=True).start()

        monkeypatch.setattr(socket_client, "_connect", connect)
        assert control.status(home) is not None
        assert pauses == [socket_client.CONNECT_PAUSE]
        listener.shutdown(socket.SHUT_RDWR)
        os.unlink(path)


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.1 404 \r\n\r\n{}"])
def test_an_answer_of_another_program_is_no_service(home: str, answering: Callable[..., str], answer: bytes) -> None:
    answering(answer)
    assert control.status(home) is None


def test_ensure_waits_for_a_refusing_service(
    home: str, answering: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = answering(FULL, FULL, ok(home))
    monkeypatch.setattr("fttui.server.start._start", lambda *args: pytest.fail("a second service is started"))
    assert control.ensure(home) == path


def test_ensure_reports_the_refusal_at_the_end(home: str, answering: Callable[..., str]) -> None:
    answering(FULL)
    with pytest.raises(control.ServiceBusy, match=r"Too many connections(.|\n)*service\.log"):
        control.ensure(home, timeout=0)


def test_stop_reports_the_refusal_at_the_end(
    home: str, answering: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(FULL)
    monkeypatch.setattr(stop, "STOP_SECONDS", 0.0)
    lock = take_lock(home)
    assert lock is not None
    try:
        with pytest.raises(control.ServiceError, match=r"does not stop(.|\n)*Too many connections"):
            control.stop(home)
    finally:
        os.close(lock)
