"""Ray cluster, reached by the REST interface of Ray Jobs at the address of its dashboard.

Ray has no question for some jobs: one request lists all jobs of the cluster. No package of Ray is needed.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, NamedTuple
from urllib.parse import quote, urlsplit

from fttui.clock import Clock
from fttui.server.launchers.answers import INTERVAL, Answers, NoAnswer, in_thread
from fttui.server.settings import Engine
from fttui.text import clean_line
from fttui.webhook_url import is_loopback

SECONDS = 15.0
"""Seconds to wait for a connection, and for each part of an answer."""
LARGEST_ANSWER = 64 << 20
LONGEST_WORDS = 600
PREFIX = "fttui-"
"""Beginning of the ids of our submissions."""

PENDING, RUNNING, STOPPED, SUCCEEDED, FAILED = "PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"
"""States of a job of Ray."""

LIVE = frozenset({PENDING, RUNNING})

_JOBS = "/api/jobs/"
_NOT_STARTED = "Job has not started yet."

Send = Callable[[str, str, Mapping[str, Any] | None], tuple[int, bytes]]
"""Sends a method, a path and a JSON body. Returns status and body, and raises `NoAnswer`."""


class RayRefused(Exception):
    """Ray refuses a request. The message has its words."""


class RayJob(NamedTuple):
    """Job, as Ray describes it. Texts are cleaned."""

    status: str
    words: str = ""
    """Ray's words about the state."""
    error: str = ""
    """Kind of a failure."""
    exit_code: int | None = None
    host: str = ""
    """Address of its node."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed: the token goes to the configured host only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class RayHttp:
    """Requests to the dashboard of a cluster."""

    def __init__(self, address: str, token: Callable[[], str | None] = lambda: None) -> None:
        """
        Args:
            token: returns the token of the cluster; None for a cluster without one.
        """
        self._address = address.rstrip("/")
        self._token = token
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if is_loopback(address):
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        headers = {"User-Agent": "fttui", "Accept": "application/json"}
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            request = urllib.request.Request(self._address + path, data=data, headers=headers, method=method)
            try:
                answer = self._opener.open(request, timeout=SECONDS)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                content = answer.read(LARGEST_ANSWER + 1)
                status = answer.status
        except TimeoutError:
            raise NoAnswer(f"no answer within {SECONDS:.0f} s") from None
        except urllib.error.URLError as error:
            raise NoAnswer(_connection_words(error.reason)) from None
        except OSError as error:
            raise NoAnswer(_connection_words(error)) from None
        except (HTTPException, ValueError):  # a token with a line break is a ValueError, which repeats it
            raise NoAnswer("the request or the answer is not valid HTTP") from None
        if len(content) > LARGEST_ANSWER:
            raise NoAnswer(f"the answer is larger than {LARGEST_ANSWER >> 20} MiB")
        return status, content


def _connection_words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {SECONDS:.0f} s"
    words = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None)
    return f"no connection: {clean_line(str(words))}" if words else "no connection"


class RayCluster:
    """Jobs of one cluster. Its methods may be called from any thread."""

    def __init__(
        self,
        send: Send,
        clock: Clock,
        *,
        interval: float = INTERVAL,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        self._send = send
        self.answers: Answers[Mapping[str, RayJob]] = Answers(self._list, clock, interval=interval, start=start)
        """Our jobs by submission id."""

    def _list(self) -> Mapping[str, RayJob]:
        status, content = self._send("GET", _JOBS, None)
        found = _decoded(content) if status == 200 else None
        if not isinstance(found, list):
            raise NoAnswer(_fault(status, content))
        jobs = (job for job in found if isinstance(job, dict) and str(job.get("submission_id")).startswith(PREFIX))
        return {str(job["submission_id"]): _job(job) for job in jobs}

    def submit(self, body: Mapping[str, Any]) -> None:
        """Submit a job under an id of ours, unless Ray has it already.

        Raises:
            NoAnswer: it is not known whether Ray has the job.
            RayRefused: Ray refuses the job.
        """
        status, content = self._send("POST", _JOBS, body)
        if status == 200:
            return
        text = content.decode("utf-8", "replace")
        # A refusal of the agent comes as the text of an exception in an answer with status 500.
        if "already exists" in text:
            return
        if status == 400 or (status == 500 and "failed with status code 400" in text):
            raise RayRefused(_last_words(text))
        raise NoAnswer(_fault(status, content))

    def stop(self, id: str) -> bool:
        """Ask Ray to stop a job. Return whether it was told to.

        Raises:
            NoAnswer: Ray does not answer.
        """
        status, content = self._send("POST", f"{_JOBS}{quote(id, safe='')}/stop", None)
        if status not in (200, 404):
            raise NoAnswer(_fault(status, content))
        said = _decoded(content) if status == 200 else None
        return isinstance(said, dict) and said.get("stopped") is True


def connect(engine: Engine, clock: Clock) -> RayCluster:
    """Return the cluster of an engine."""
    return RayCluster(RayHttp(engine.address, lambda: os.environ.get(engine.token_env)), clock)


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _job(members: Mapping[str, Any]) -> RayJob:
    code = members.get("driver_exit_code")
    return RayJob(
        clean_line(str(members.get("status"))),
        _words(str(members.get("message") or "")),
        clean_line(str(members.get("error_type") or "")),
        code if isinstance(code, int) else None,
        _host(members.get("driver_agent_http_address")),
    )


def _host(address: object) -> str:
    try:
        return clean_line(urlsplit(str(address or "")).hostname or "")
    except ValueError:
        return ""


def _words(message: str) -> str:
    """Return a message of Ray in one line: its first line, and the end of a log that follows."""
    message = message.removeprefix(_NOT_STARTED).strip() or message.strip()
    lines = [clean_line(line) for line in message.splitlines() if line.strip()]
    if len(lines) > 4:
        lines = [lines[0], "…", *lines[-3:]]
    text = " ".join(lines)
    return text if len(text) <= LONGEST_WORDS else f"{text[: LONGEST_WORDS // 3]} … {text[-LONGEST_WORDS // 2 :]}"


def _last_words(traceback: str) -> str:
    """Return the last line of a traceback, without the name of the exception."""
    lines = [clean_line(line) for line in traceback.splitlines() if line.strip(" .")]
    last = lines[-1] if lines else "without a reason"
    name, colon, text = last.partition(": ")
    return (text if colon and name.isidentifier() else last)[:LONGEST_WORDS]


def _fault(status: int, content: bytes) -> str:
    if status in (401, 403):
        return f"the cluster refuses the token (status {status})"
    if status == 200:
        return "the address answers, but not as Ray does"
    return f"status {status}: {_last_words(content[-4096:].decode('utf-8', 'replace'))}"
