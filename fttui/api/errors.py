"""The ways in which a call can fail. Nothing else leaves this package."""

from fttui.text import clean_line, fit

LONGEST = 600
"""Cells of a message, at most."""


class ApiError(Exception):
    """A call that did not do what it should. `str()` is one clean line for a person: what failed, and why."""

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
        self.message = fit(clean_line(message).strip(), LONGEST)
        super().__init__(self.message)
        self.hint = hint
        """One more line: what to do next; may be empty."""
        self.status = status
        """The HTTP status; None when there was no answer."""
        self.code = code
        """The server's word for the fault, or ours where there was no answer; may be empty."""
        self.type = type
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds for which the server asked to be left alone; None when it did not."""
        self.should_retry = should_retry
        """What the server's `x-should-retry` said; None when it said nothing."""
        self.ambiguous = ambiguous
        """The request changes something, and it may have taken effect all the same."""
        self.unsent = unsent
        """No connection was made, so nothing reached the server."""
        self.kind = kind
        """For `Unreachable`: `name`, `refused`, `tls`, `timeout`, `reset`, `cut` or `proxy`."""
        self.reason = fit(clean_line(reason).strip(), LONGEST)
        """For `Unreachable`: why, without the address that the message names."""


class Unreachable(ApiError):
    """No whole answer came: the name, the connection, TLS, a timeout, or a line cut half way."""


class Unauthorized(ApiError):
    """401: no key, or one that the server does not accept."""


class Forbidden(ApiError):
    """403: the key may not do this."""


class NotFound(ApiError):
    """404: there is no such object, or no such route."""


class Conflict(ApiError):
    """409."""


class BadRequest(ApiError):
    """400, 422 and any other 4xx; or a request that was refused before it was sent."""


class Limited(ApiError):
    """429: too much asked in a while, or a quota used up."""


class ServerFault(ApiError):
    """5xx."""


class BadAnswer(ApiError):
    """An answer that cannot be read, or must not be followed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Limited,
}


def kind_of(status: int) -> type[ApiError]:
    """The class for an HTTP status that is not 2xx."""
    if status >= 500:
        return ServerFault
    if status < 400:
        return BadAnswer
    return _BY_STATUS.get(status, BadRequest)
