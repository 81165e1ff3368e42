"""One HTTP exchange with a provider, done properly: the key, deadlines, retries of reads, errors in words."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from fttui import __version__
from fttui.api import error_mapping
from fttui.api import response_body as body
from fttui.api.api_key import HeldKey, Key, Renew
from fttui.api.errors import ApiError, BadAnswer, BadRequest
from fttui.api.providers import Provider
from fttui.api.retries import Retries, Retry
from fttui.clock import Clock

MEGABYTE = 1024 * 1024
REDIRECTS = 5
UPLOAD_IDLE = 300.0
"""Seconds that a server may take to answer once it has a whole file."""
FILE_IDLE = 60.0
"""The longest silence while a file is read."""
_FILE = {"Accept": "application/binary, */*", "Accept-Encoding": "identity"}


_WIRE = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""What httpx and what lies below it raise."""


class Limits(NamedTuple):
    """How long and how much. Times are in seconds."""

    connect: float = 5.0
    idle: float = 15.0
    """The longest silence while reading."""
    read: float = 30.0
    """A whole read, with all its tries and the waits between them."""
    write: float = 60.0
    """A whole request that changes something."""
    retries: int = 5
    """Further tries of a read after the first."""
    answer: int = 64 * MEGABYTE
    """Bytes of an unpacked JSON answer."""
    content: int = 512 * MEGABYTE
    """Bytes of a file that is held in memory."""


DEFAULT = Limits()


class Answer(NamedTuple):
    status: int
    body: bytes
    request_id: str


class _Request(NamedTuple):
    method: str
    path: str
    query: Iterable[tuple[str, str]] = ()
    content: bytes | AsyncIterator[bytes] | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    idle: float | None = None
    """Seconds of silence that are borne; the limits' when None."""
    changes: bool = False
    """It is no read: sent once, and ambiguous when the answer is lost."""
    elsewhere: bool = False
    """Another host may be followed to, without the key: providers keep files with others."""


class Http:
    """The connections to one provider. All methods raise `ApiError` and nothing else (and let cancellation pass)."""

    def __init__(
        self,
        provider: Provider,
        key: Key | None = None,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: Any = True,
        trust_env: bool = True,
        limits: Limits = DEFAULT,
        on_retry: Callable[[Retry], None] | None = None,
        renew: Renew | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            transport: instead of TCP: a Unix socket, or a test's own.
            verify: as httpx takes it: True, or an SSL context.
            trust_env: whether proxies and authorities of the environment count.
            on_retry: told about every try that will be followed by another.
            renew: makes another key when this one is refused, for keys that expire; None when there is no other.
            chance: numbers from 0 to 1 for the jitter.
        """
        self.provider = provider
        self.clock = clock
        self.limits = limits
        self.skew: float | None = None
        """Seconds by which the provider's clock is ahead of ours, by its last answer; None while it told no time."""
        self._key = HeldKey(key, renew)
        self._retries = Retries(clock, tries=limits.retries + 1, patience=limits.read, chance=chance, on_retry=on_retry)
        self._origin = _origin(provider.base_url)
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=verify,
            trust_env=trust_env,
            # Redirects are followed by us: httpx would take `api-key` along to another host.
            follow_redirects=False,
            timeout=httpx.Timeout(limits.idle, connect=limits.connect, pool=limits.connect),
            headers={"User-Agent": f"fttui/{__version__}", "Accept-Encoding": "gzip"},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def read(self, path: str, query: Iterable[tuple[str, str]] = (), *, tries: int | None = None) -> Any:
        """GET a JSON value; tried again as api.md §4 says.

        Args:
            tries: how many at most, the first included; the limits' when None.
        """
        request = _Request("GET", path, query)
        answer = await self._insist(lambda: self._exchange(request), tries=tries, budget=self.limits.read)
        return self._json(answer, changes=False)

    async def write(self, method: str, path: str, value: Any = None) -> Any:
        """Send what changes something, and read the JSON answer (None when it is empty).

        It is sent once. Only when no connection could be made, so that nothing was sent, it is tried again.
        """
        content = b"" if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        request = _Request(method, path, content=content, headers=headers, idle=self.limits.write, changes=True)
        answer = await self._insist(lambda: self._exchange(request), changes=True, budget=self.limits.write)
        return self._json(answer, changes=True) if answer.body.strip() else None

    async def send(
        self, path: str, content: Callable[[], AsyncIterator[bytes]], *, kind: str, length: int, again: bool = False
    ) -> Any:
        """POST a stream of `length` bytes and read the JSON answer. It may take as long as bytes keep moving.

        Args:
            content: makes the stream anew for each try; only tried again when no connection could be made.
            kind: the content type.
            again: sending it twice does no harm, so it is tried again as a read is.
        """
        headers = {"Content-Type": kind, "Content-Length": str(length)}
        request = _Request("POST", path, headers=headers, idle=UPLOAD_IDLE, changes=True)
        answer = await self._insist(lambda: self._exchange(request._replace(content=content())), changes=not again)
        return self._json(answer, changes=True)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        """GET a file as its length, where the server tells it, and its bytes. Tried once.

        A redirect to another host is followed without the key: providers keep files with others.
        """
        async with self._open(self._file(path)) as response:
            length = response.headers.get("content-length", "")
            packed = "content-encoding" in response.headers
            yield int(length) if length.isdigit() and not packed else None, self._bytes(response, limit=None)

    async def content(self, path: str) -> bytes:
        """GET a whole file; tried again as a read is, but without a deadline."""

        async def fetch() -> Answer:
            found = bytearray()
            async with self._open(self._file(path)) as response:
                async for chunk in self._bytes(response, limit=self.limits.content):
                    found += chunk
            return Answer(response.status_code, bytes(found), "")

        return (await self._insist(fetch)).body

    def _file(self, path: str) -> _Request:
        return _Request("GET", path, headers=_FILE, idle=FILE_IDLE, elsewhere=True)

    async def _insist(
        self,
        attempt: Callable[[], Awaitable[Answer]],
        *,
        changes: bool = False,
        tries: int | None = None,
        budget: float | None = None,
    ) -> Answer:
        """Run `attempt` until it succeeds, fails for good, or the budget of seconds is spent (None: no deadline)."""
        return await self._retries.run(
            lambda: self._key.keyed(attempt),
            lost=lambda error: self._lost(error, changes),
            may=lambda failure: failure.unsent or not changes,
            tries=tries,
            budget=budget,
        )

    async def _exchange(self, request: _Request) -> Answer:
        found = bytearray()
        async with self._open(request) as response:
            async for chunk in self._bytes(response, limit=self.limits.answer, changes=request.changes):
                found += chunk
        return Answer(response.status_code, bytes(found), error_mapping.request_id(response.headers))

    @asynccontextmanager
    async def _open(self, request: _Request) -> AsyncIterator[httpx.Response]:
        """An answer with status 2xx whose body is still to be read."""
        url = self.provider.base_url + request.path
        query = httpx.QueryParams([*self.provider.query, *request.query])
        headers = {**self.provider.headers, **request.headers, **self._authorization()}
        idle = self.limits.idle if request.idle is None else request.idle
        timeout = httpx.Timeout(idle, connect=self.limits.connect, pool=self.limits.connect)
        for _ in range(REDIRECTS + 1):
            try:
                sent = self._client.build_request(
                    request.method, url, params=query or None, content=request.content, headers=headers, timeout=timeout
                )
                response = await self._client.send(sent, stream=True)
            except (httpx.LocalProtocolError, UnicodeError) as error:
                raise BadRequest(f"the request cannot be sent: {error}", code="unsendable") from None
            except _WIRE as error:
                raise self._lost(error, request.changes) from None
            if (date := error_mapping.date_of(response.headers)) is not None:
                self.skew = date - self.clock.now()
            try:
                target = self._redirect(response, url, request)
                if target is None:
                    if not response.is_success:
                        raise await self._refusal(response, request)
                    yield response
                    return
            finally:
                await response.aclose()
            if _origin(target) != self._origin:
                if not request.elsewhere or not target.startswith("https://"):
                    raise BadAnswer(
                        f"{self.provider.title} redirects to another host, {urlsplit(target).netloc}, and the key "
                        "must not go there",
                        hint="If that host is right, make it the base URL.",
                        status=response.status_code,
                        code="redirected",
                    )
                headers = dict(request.headers)
            url, query = target, httpx.QueryParams()
        raise BadAnswer(f"{self.provider.title} redirects in circles", code="redirected")

    def _lost(self, error: Exception, changes: bool) -> ApiError:
        return error_mapping.of_transport(error, where=self.provider.title, changes=changes)

    def _redirect(self, response: httpx.Response, url: str, request: _Request) -> str | None:
        """Where an answer sends us; None when it is no redirect, or one that would change what is asked."""
        if response.status_code not in (301, 302, 303, 307, 308) or not (place := response.headers.get("location")):
            return None
        repeatable = response.status_code in (307, 308) and isinstance(request.content, bytes | None)
        if request.changes and not repeatable:
            return None
        try:
            target: str = urljoin(url, place)
            _origin(target)
        except ValueError:
            return None
        return target

    async def _refusal(self, response: httpx.Response, request: _Request) -> ApiError:
        found = bytearray()
        try:
            async for chunk in self._bytes(response, limit=MEGABYTE):
                found += chunk
        except ApiError:
            pass  # the status says enough; whatever came of the body is shown
        error = error_mapping.of_status(
            response.status_code,
            response.headers,
            bytes(found),
            now=self.clock.now(),
            secret=self._key.secret,
            changes=request.changes,
        )
        if error.status == 401:
            origin = self.provider.key_origin
            error.hint = (
                f"The key came from {origin}." if origin else "No key was sent: set OPENAI_API_KEY, or use a profile."
            )
        elif error.status == 404 and not urlsplit(self.provider.base_url).path:
            error.hint = f"Base URLs usually end in /v1: {self.provider.base_url}/v1"
        return error

    async def _bytes(
        self, response: httpx.Response, *, limit: int | None, changes: bool = False
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in body.unpacked(response, limit):
                yield chunk
        except body.Unusable as error:
            raise BadAnswer(str(error), code="unreadable", ambiguous=changes) from None
        except _WIRE as error:
            raise self._lost(error, changes) from None

    def _json(self, answer: Answer, *, changes: bool) -> Any:
        try:
            raw = body.loads(answer.body)
        except (ValueError, RecursionError):
            what = error_mapping.page_title(answer.body) or (
                "it is empty" if not answer.body.strip() else "it is not JSON"
            )
            raise BadAnswer(
                f"the answer of {self.provider.title} cannot be read: {what} ({answer.status}"
                + (f", request {answer.request_id})" if answer.request_id else ")"),
                hint="Does the base URL point at an API?",
                status=answer.status,
                code="unreadable",
                request_id=answer.request_id,
                ambiguous=changes,
            ) from None
        if problem := error_mapping.problem_in(raw):
            raise BadAnswer(
                error_mapping.hidden(problem, self._key.secret),
                status=answer.status,
                request_id=answer.request_id,
                ambiguous=changes,
            )
        return raw

    def _authorization(self) -> dict[str, str]:
        secret = self._key.secret
        return {self.provider.key_header: self.provider.key_prefix + secret} if secret else {}


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port.

    Raises:
        ValueError: the port is none.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
