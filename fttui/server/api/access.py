"""Access to the API over TCP: by API key, or for programs of this machine only."""

import hmac
import os
import stat
from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request

from fttui import bounded
from fttui.server.api.errors import RequestError
from fttui.server.home import ServiceError

SHORTEST_KEY = 16
"""Characters of the shortest key that is accepted. Shorter keys can be guessed."""
LARGEST_KEY_FILE = bounded.MEGABYTE
"""Greatest size of a key file, in bytes."""

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
    as `Host`. A page of another port of this machine may read, but not change anything.
    """
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if not _is_loopback(_hostname(host)):
        return _not_local("Without a key file, the service accepts requests from programs on this machine only.")
    if origin is None:
        return None
    scheme, _, page = origin.lower().partition("://")
    if not _is_loopback(_hostname(page)):
        return _not_local("Without a key file, the service accepts requests from programs on this machine only.")
    reads = request.method in ("GET", "HEAD")
    if not reads and (scheme != "http" or page.removesuffix(":80") != host.lower().removesuffix(":80")):
        return _not_local("Without a key file, the service accepts no changes from web pages of another address.")
    return None


def _not_local(message: str) -> RequestError:
    return RequestError(403, message, code="not_local")


def unambiguous(request: Request) -> RequestError | None:
    """Refuse a request that states its length in two ways, because a proxy may see another request than the service."""
    if "content-length" not in request.headers or "transfer-encoding" not in request.headers:
        return None
    message = "The request has both Content-Length and Transfer-Encoding. Send one of them."
    return RequestError(400, message, headers={"connection": "close"})


def read_keys(path: str) -> list[str]:
    """Read the API keys from a file with one key a line. Empty lines and lines that begin with `#` are skipped.

    Raises:
        ServiceError: the file cannot be read, other users can read it, it has no key, or a key is not usable.
    """
    try:
        content = bounded.read_file(path, LARGEST_KEY_FILE, pipes=True, check=partial(_check_owner, path))
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ServiceError(f"The key file {path} is not UTF-8 text.\nWrite one key a line.") from None
    except OSError as error:
        raise ServiceError(f"Cannot read the key file {path}: {error.strerror or error}.") from None
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if len(key.split()) > 1 or not (key.isascii() and key.isprintable()):
            raise ServiceError(
                f"Line {number} of the key file {path} is not a key: it has spaces or characters outside ASCII.\n"
                "Write one key a line, and comments on lines of their own that begin with #."
            )
        if len(key) < SHORTEST_KEY:
            raise ServiceError(
                f"The key on line {number} of the key file {path} has {len(key)} characters and can be guessed.\n"
                f"Use at least {SHORTEST_KEY} characters, for example: openssl rand -hex 24"
            )
        keys.append(key)
    if not keys:
        raise ServiceError(f"The key file {path} is empty.\nWrite a key into it, on a line of its own.")
    return keys


def _check_owner(path: str, found: os.stat_result) -> None:
    if found.st_mode & 0o077:
        raise ServiceError(
            f"Other users can read or write the key file {path} (mode {stat.S_IMODE(found.st_mode):04o}).\n"
            f"Make it private: chmod 600 {path}"
        )
    if found.st_uid not in (0, os.getuid()):
        raise ServiceError(f"The key file {path} belongs to another user, who can read it.\nUse a file of your own.")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
