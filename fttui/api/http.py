"""HTTP exchanges with a provider: key, deadlines, redirects, retries of reads, errors with messages."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from fttui import __version__
from fttui.api import bounded_json, error_mapping, rate_headers
from fttui.api import response_body as body
from fttui.api.api_key import HeldKey, Key, Renew
from fttui.api.byte_range import Measured, Piece, measured, range_of
from fttui.api.errors import ApiError, BadRequest, BadResponse, Unreachable
from fttui.api.event_stream import StreamEvent, StreamTooWide, events_of
from fttui.api.limits import ANSWER_IDLE, DEFAULT, FILE_IDLE, MEGABYTE, REDIRECTS, UPLOAD_IDLE, Limits
from fttui.api.providers import Provider
from fttui.api.proxy import failing_proxy, possible_proxy
from fttui.api.retries import Retries, Retry
from fttui.clock import Clock
from fttui.models.lenient_json import loads

_FILE_HEADERS = {"Accept": "application/binary, */*", "Accept-Encoding": "identity"}
_TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""Errors of httpx and the layers below."""


class Response(NamedTuple):
    status: int
    body: bytes
    request_id: str


class _Request(NamedTuple):
    method: str
    path: str
    """Path below the base URL; or a whole URL, which gets the key only if the provider lists its host."""
    query: Iterable[tuple[str, str]] = ()
    content: bytes | AsyncIterator[bytes] | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    idle: float | None = None
    """Longest silence in seconds; the limit of the client if None."""
    is_write: bool = False
    """Not a read: sent once, and ambiguous if the response is lost."""
    other_hosts: bool = False
    """Follow redirects to other hosts, without the key: providers store files elsewhere."""
    is_page: bool = False
    """The response is a page of a list."""


class Http:
    """Connections to one provider. All methods raise `ApiError` only (and let cancellation pass)."""

    def __init__(
        self,
        provider: Provider,
        key: Key | None = None,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: Any = True,
        mounts: Mapping[str, httpx.AsyncBaseTransport | None] = MappingProxyType({}),
        limits: Limits = DEFAULT,
        on_retry: Callable[[Retry], None] | None = None,
        renew: Renew | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            transport: replaces TCP with a Unix socket or a transport of a test.
            verify: True or an SSL context, as for httpx.
            mounts: transports for patterns of URLs, as for httpx: the proxies.
            on_retry: called for every failed try that will be repeated.
            renew: fetches a new key if the server refuses this one, for keys that expire.
            chance: returns random numbers from 0 to 1 for the jitter.
        """
        self.provider = provider
        self.clock = clock
        self.limits = limits
        self.skew: float | None = None
        """Seconds by which the provider's clock is ahead of ours, by its last response; None if unknown."""
        self._room_at = float("-inf")
        self._key = HeldKey(key, renew)
        self._retries = Retries(clock, tries=limits.retries + 1, patience=limits.read, chance=chance, on_retry=on_retry)
        urls = filter(None, (provider.base_url, provider.storage_url))
        self._trusted = {*map(_origin, urls), *(("https", host, 443) for host in provider.hosts)}
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=verify,
            mounts=mounts,
            trust_env=False,  # `mounts` and `verify` have what the environment says, with messages for the user
            # `_open` follows redirects: httpx would send `api-key` to other hosts.
            follow_redirects=False,
            timeout=httpx.Timeout(limits.idle, connect=limits.connect, pool=limits.connect),
            headers={"User-Agent": f"fttui/{__version__}", "Accept-Encoding": "gzip"},
        )

    @property
    def rate_pause(self) -> float:
        """Seconds for which requests that are not urgent should wait, by the headers of the last response."""
        return max(0.0, self._room_at - self.clock.monotonic())

    async def close(self) -> None:
        await self._client.aclose()

    async def read(
        self, path: str, query: Iterable[tuple[str, str]] = (), *, tries: int | None = None, is_page: bool = False
    ) -> Any:
        """GET a JSON value, with retries.

        Args:
            tries: greatest number of tries, including the first; the limit of the client if None.
        """
        request = _Request("GET", path, query, is_page=is_page)
        response = await self._with_retries(lambda: self._exchange(request), tries=tries, budget=self.limits.read)
        return await self._json(response, is_write=False)

    async def write(self, method: str, path: str, value: Any = None) -> Any:
        """Send a request that changes something, and return the JSON of the response (None if it is empty).

        The request is sent once. It is retried only if no connection was made, so that it did not reach the server.
        """
        content = b"" if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        request = _Request(method, path, content=content, headers=headers, idle=self.limits.write, is_write=True)
        response = await self._with_retries(lambda: self._exchange(request), is_write=True, budget=self.limits.write)
        return await self._json(response, is_write=True) if response.body.strip() else None

    async def send(
        self,
        path: str,
        content: Callable[[], AsyncIterator[bytes]],
        *,
        kind: str,
        length: int,
        repeatable: bool = False,
    ) -> Any:
        """POST a stream of `length` bytes and return the JSON of the response. There is no deadline while bytes move.

        Args:
            content: makes the stream for each try.
            kind: the content type.
            repeatable: retry as a read, since sending twice does no harm. Otherwise the request is retried only if no
                connection was made.
        """
        headers = {"Content-Type": kind, "Content-Length": str(length)}
        request = _Request("POST", path, headers=headers, idle=UPLOAD_IDLE, is_write=True)
        response = await self._with_retries(
            lambda: self._exchange(request._replace(content=content())), is_write=not repeatable
        )
        return await self._json(response, is_write=True)

    @asynccontextmanager
    async def events(self, path: str, value: Any = None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """POST a JSON value, or GET without one, and yield the events of the stream that answers. Sent once.

        The request ends when the context is left.
        """
        headers = {"Accept": "text/event-stream"}
        request = _Request("GET", path, headers=headers, idle=ANSWER_IDLE)
        if value is not None:
            headers["Content-Type"] = "application/json"
            request = request._replace(method="POST", content=json.dumps(value).encode(), is_write=True)
        async with AsyncExitStack() as stack:
            response = await self._key.with_renewal(lambda: stack.enter_async_context(self._open(request)))
            yield self._events(response)

    async def _events(self, response: httpx.Response) -> AsyncIterator[StreamEvent]:
        if response.headers.get("content-type", "").startswith("application/json"):  # a server that does not stream
            whole = b"".join([chunk async for chunk in self._bytes(response, limit=self.limits.object)])
            yield StreamEvent(whole.decode("utf-8", "replace"))
            return
        try:
            async for event in events_of(self._bytes(response, limit=self.limits.page)):
                yield event
        except StreamTooWide:
            raise BadResponse(f"{self.provider.title} sends a line without end", code="unreadable") from None

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        """GET a file as its length, if known, and its bytes. There are no retries.

        Redirects to other hosts are followed without the key: providers store files elsewhere.
        """
        async with self._open(self._file(path)) as response:
            length = response.headers.get("content-length", "")
            compressed = "content-encoding" in response.headers
            yield int(length) if length.isdigit() and not compressed else None, self._bytes(response, limit=None)

    async def content(self, path: str) -> bytes:
        """GET a whole file, with retries but without a deadline."""

        async def fetch() -> Response:
            found = bytearray()
            async with self._open(self._file(path)) as response:
                async for chunk in self._bytes(response, limit=self.limits.content):
                    found += chunk
            return Response(response.status_code, bytes(found), "")

        return (await self._with_retries(fetch)).body

    @asynccontextmanager
    async def piece(self, path: str, start: int, version: str = "") -> AsyncIterator[Piece]:
        """GET a file from a byte to its end. There are no retries. Redirects are followed as by `stream`.

        Args:
            version: entity tag. A server whose file has a different one sends the whole file.
        """
        same = {"If-Range": version} if version else {}
        request = self._file(path, Range=f"bytes={start}-", **same)
        async with AsyncExitStack() as stack:
            response = await self._key.with_renewal(lambda: stack.enter_async_context(self._open(request)))
            yield Piece(*range_of(response), self._bytes(response, limit=None))

    async def measure(self, path: str) -> Measured:
        """Return facts about a file, with retries. The file is not read."""
        found: list[Measured] = []

        async def ask() -> Response:
            async with self._open(self._file(path, Range="bytes=0-1")) as response:
                found.append(measured(response))
            return Response(response.status_code, b"", "")

        await self._with_retries(ask, budget=self.limits.read)
        return found[-1]

    def _file(self, path: str, **headers: str) -> _Request:
        return _Request("GET", path, headers={**_FILE_HEADERS, **headers}, idle=FILE_IDLE, other_hosts=True)

    async def _with_retries(
        self,
        attempt: Callable[[], Awaitable[Response]],
        *,
        is_write: bool = False,
        tries: int | None = None,
        budget: float | None = None,
    ) -> Response:
        """Run `attempt` with renewal of the key and retries, within a budget of seconds (None: no deadline)."""
        return await self._retries.run(
            lambda: self._key.with_renewal(attempt),
            lost=lambda error: self._lost(error, is_write),
            may=lambda failure: failure.unsent or not is_write,
            tries=tries,
            budget=budget,
        )

    async def _exchange(self, request: _Request) -> Response:
        limit = self.limits.page if request.is_page else self.limits.object
        async with self._open(request) as response:
            chunks = [chunk async for chunk in self._bytes(response, limit=limit, is_write=request.is_write)]
        return Response(response.status_code, b"".join(chunks), error_mapping.request_id(response.headers))

    @asynccontextmanager
    async def _open(self, request: _Request) -> AsyncIterator[httpx.Response]:
        """Send a request, following redirects. Yield the response (2xx) before its body is read."""
        if self._client.is_closed:
            raise Unreachable(
                f"the connection to {self.provider.title} is closed", code="closed", unsent=True, should_retry=False
            )
        url = request.path if "://" in request.path else self.provider.base_url + request.path
        query, headers = list(request.query), dict(request.headers)
        if self._is_trusted(url):
            query = [*self.provider.query, *query]
            headers = {**self.provider.headers, **headers, **self._authorization()}
        if query:  # encoded here: httpx would parse the URL once more
            url = f"{url.partition('?')[0]}?{urlencode(query, errors='surrogatepass')}"
        origin = _origin(url)
        idle = self.limits.idle if request.idle is None else request.idle
        timeout = httpx.Timeout(idle, connect=self.limits.connect, pool=self.limits.connect)
        for _ in range(REDIRECTS + 1):
            try:
                sent = self._client.build_request(
                    request.method, url, content=request.content, headers=headers, timeout=timeout
                )
                response = await self._client.send(sent, stream=True)
            except (httpx.LocalProtocolError, UnicodeError) as error:
                raise BadRequest(f"the request cannot be sent: {error}", code="unsendable") from None
            except _TRANSPORT_ERRORS as error:
                raise self._lost(error, request.is_write) from None
            if (date := error_mapping.date_of(response.headers)) is not None:
                self.skew = date - self.clock.now()
            self._room_at = self.clock.monotonic() + rate_headers.pause(response.headers, self.clock.now())
            try:
                target = self._redirect(response, url, request)
                if target is None:
                    if not response.is_success:
                        raise await self._refusal(response, request)
                    yield response
                    return
            finally:
                await response.aclose()
            if _origin(target) != origin:
                if not request.other_hosts or not target.startswith("https://"):
                    raise BadResponse(
                        f"{self.provider.title} redirects to another host, {urlsplit(target).netloc}. The key is not "
                        "sent there",
                        hint="If that host is correct, use its URL as the base URL.",
                        status=response.status_code,
                        code="redirected",
                    )
                headers = dict(request.headers)
                origin = _origin(target)
            url = target
        raise BadResponse(f"{self.provider.title} redirects without end", code="redirected")

    def _lost(self, error: Exception, is_write: bool) -> ApiError:
        return error_mapping.of_transport(error, where=self.provider.title, is_write=is_write)

    def _redirect(self, response: httpx.Response, url: str, request: _Request) -> str | None:
        """Return the target of a redirect; None for other responses and for redirects that would change the request."""
        if response.status_code not in (301, 302, 303, 307, 308) or not (place := response.headers.get("location")):
            return None
        repeatable = response.status_code in (307, 308) and isinstance(request.content, bytes | None)
        if request.is_write and not repeatable:
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
            async for chunk in self._bytes(response, limit=MEGABYTE // 4):
                found += chunk
        except ApiError:
            pass  # show the part of the body that arrived
        if why := failing_proxy(response):
            return error_mapping.of_proxy(possible_proxy(response), why, is_write=request.is_write)
        proxy = possible_proxy(response)
        error = error_mapping.of_status(
            response.status_code,
            response.headers,
            bytes(found),
            now=self.clock.now(),
            secret=self._key.secret,
            is_write=request.is_write,
            sender=f"{proxy}, or {self.provider.title} behind it" if proxy else "",
            read=self.provider.fault,
        )
        if error.status == 401:
            origin, variable = self.provider.key_origin, self.provider.key_variable
            what_to_do = f"Set {variable}, or use a profile." if variable else "Name one in the profile."
            error.hint = f"The key came from {origin}." if origin else f"No key was sent. {what_to_do}"
        elif error.status == 404 and not urlsplit(self.provider.base_url).path:
            error.hint = f"Base URLs usually end in /v1. Try {self.provider.base_url}/v1"
        return error

    async def _bytes(
        self, response: httpx.Response, *, limit: int | None, is_write: bool = False
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in body.decompressed(response, limit):
                yield chunk
        except body.UnusableBody as error:
            raise BadResponse(str(error), code="unreadable", ambiguous=is_write) from None
        except _TRANSPORT_ERRORS as error:
            raise self._lost(error, is_write) from None

    async def _json(self, response: Response, *, is_write: bool) -> Any:
        try:
            raw = await bounded_json.decode(response.body)
        except bounded_json.TooManyValues:
            raise BadResponse(
                f"the response of {self.provider.title} has more than {bounded_json.MAX_VALUES:,} values",
                status=response.status,
                code="unreadable",
                request_id=response.request_id,
                ambiguous=is_write,
            ) from None
        except (ValueError, RecursionError):
            what = error_mapping.page_title(response.body) or ("not JSON" if response.body.strip() else "empty")
            raise BadResponse(
                f"cannot parse the response of {self.provider.title}: it is {what} ({response.status}"
                + (f", request {response.request_id})" if response.request_id else ")"),
                hint="Check that the base URL is the URL of an API.",
                status=response.status,
                code="unreadable",
                request_id=response.request_id,
                ambiguous=is_write,
            ) from None
        if problem := error_mapping.error_in_success(raw, self.provider.fault):
            raise BadResponse(
                error_mapping.without_key(problem, self._key.secret),
                status=response.status,
                request_id=response.request_id,
                ambiguous=is_write,
            )
        return raw

    def value_of(self, event: StreamEvent) -> Any:
        """Return the JSON value of an event with data.

        Raises:
            ApiError: the data is not JSON, or the event is an error.
        """
        try:
            raw = loads(event.text.encode())
        except (ValueError, RecursionError):
            message = f"cannot parse the answer of {self.provider.title}: it is not JSON"
            raise BadResponse(
                message, hint="Check that the base URL is the URL of an API.", code="unreadable"
            ) from None
        if (error := error_mapping.of_event(raw, self._key.secret, self.provider.fault)) is not None:
            raise error
        return raw

    def _is_trusted(self, url: str) -> bool:
        """Return whether a URL may get the key. Redirects and signed addresses never do."""
        return _origin(url) in self._trusted

    def _authorization(self) -> dict[str, str]:
        secret = self._key.secret
        return {self.provider.key_header: self.provider.key_prefix + secret} if secret else {}


def _origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port.

    Raises:
        ValueError: the port is invalid.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
