"""Errors of API calls. `fttui.api` raises no others."""

from fttui.text import clean_line, fit

MAX_MESSAGE_CELLS = 600
"""Greatest width of a message, in terminal cells."""


class ApiError(Exception):
    """A failed call. `str()` is one clean line for the user: the failure and its reason."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str = "",
        type: str = "",
        param: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        should_retry: bool | None = None,
        ambiguous: bool = False,
        unsent: bool = False,
        kind: str = "",
        reason: str = "",
    ) -> None:
        self.message = fit(clean_line(message).strip(), MAX_MESSAGE_CELLS)
        super().__init__(self.message)
        self.hint = hint
        """Advice for the user, as a line of its own; may be empty."""
        self.status = status
        """HTTP status; None without a response."""
        self.code = code
        """The server's error code, or fttui's own without a response; may be empty."""
        self.type = type
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds to wait before a retry, as the server asked; None if it did not."""
        self.should_retry = should_retry
        """Value of the header `x-should-retry`; None without it."""
        self.ambiguous = ambiguous
        """The request may have taken effect in spite of the error."""
        self.unsent = unsent
        """No connection was made, so the request did not reach the server."""
        self.kind = kind
        """For `Unreachable`: `name`, `refused`, `tls`, `timeout`, `reset`, `cut` or `proxy`."""
        self.reason = fit(clean_line(reason).strip(), MAX_MESSAGE_CELLS)
        """The reason alone, without the address, the status and the request id that the message contains."""

    @property
    def text(self) -> str:
        """Message and hint, a line each."""
        return "\n".join(filter(None, (str(self), self.hint)))


class Unreachable(ApiError):
    """No complete response: DNS, connection, TLS, a timeout, or a response that was cut."""


class Unauthorized(ApiError):
    """401: no key, or a key that the server does not accept."""


class Forbidden(ApiError):
    """403: the key lacks the permission."""


class NotFound(ApiError):
    """404: unknown object or route."""


class Conflict(ApiError):
    """409: the state of the object does not allow the request."""


class BadRequest(ApiError):
    """400, 422 and all other 4xx; or a request that fttui refused to send."""


class RateLimited(ApiError):
    """429: too many requests, or an exhausted quota."""


class ServerError(ApiError):
    """5xx: the server failed."""


class BadResponse(ApiError):
    """A response that cannot be parsed, or a redirect that must not be followed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def kind_of(status: int) -> type[ApiError]:
    """Return the class of an HTTP status that is not 2xx."""
    if status >= 500:
        return ServerError
    if status < 400:
        return BadResponse
    return _BY_STATUS.get(status, BadRequest)
