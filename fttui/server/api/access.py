"""Access to the API over TCP: by API key, or for programs of this machine only."""

import hmac
from collections.abc import Callable, Sequence

from starlette.requests import Request

from fttui.server.api.errors import RequestError
from fttui.server.home import ServiceError

AccessCheck = Callable[[Request], RequestError | None]
"""Returns the error for a request that is refused."""


def everyone(request: Request) -> RequestError | None:
    """Accept every request: the Unix socket is accessible to its owner only."""
    return None


def api_key(keys: Sequence[str]) -> AccessCheck:
    """Return a check that accepts requests with one of the keys, compared in constant time."""
    known = [key.encode() for key in keys]

    def check(request: Request) -> RequestError | None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not given.strip():
            message = "You didn't provide an API key. Send it as 'Authorization: Bearer KEY'."
            return RequestError(401, message, code="invalid_api_key")
        matches = [hmac.compare_digest(key, given.strip().encode("utf-8", "replace")) for key in known]
        return None if any(matches) else RequestError(401, "Incorrect API key provided.", code="invalid_api_key")

    return check


def local_only(request: Request) -> RequestError | None:
    """Accept requests from programs of this machine, and refuse requests from web pages in its browsers.

    A web page sends its own address as `Origin`, and a page that points its own name at this machine sends that name
    as `Host`.
    """
    host = _hostname(request.headers.get("host", ""))
    origin = request.headers.get("origin")
    if not _is_loopback(host) or (origin is not None and not _is_loopback(_hostname(origin.partition("://")[2]))):
        message = "Without a key file, the service accepts requests from programs on this machine only."
        return RequestError(403, message, code="not_local")
    return None


def read_keys(path: str) -> list[str]:
    """Read the API keys from a file with one key a line.

    Raises:
        ServiceError: the file cannot be read, or has no key.
    """
    try:
        with open(path, encoding="utf-8") as file:
            keys = [line.strip() for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceError(f"Cannot read the key file {path}: {reason}.") from None
    if not keys:
        raise ServiceError(f"The key file {path} is empty.\nWrite a key into it, on a line of its own.")
    return keys


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
