"""Addresses of webhooks: which are allowed, and what may be shown of them. Standard library only.

The path or query of such an address is often a secret: whoever knows it can post there. It is never shown whole.
"""

from fttui.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib.parse import SplitResult

ALLOWED = "an https address without a user name; http for this machine only"


def is_allowed(url: object) -> bool:
    """Return whether a value is the address of a webhook: https, or http to this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = _split(url)
        parts.port  # noqa: B018 - raises an error if it is no number
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))


def is_loopback(url: str) -> bool:
    """Return whether an allowed address is a port of this machine."""
    import re  # late, like the next: the first frame must not wait for the import

    return re.fullmatch(r"localhost|127(\.\d+){3}|::1", _split(url).hostname or "") is not None


def shown(url: str) -> str:
    """Return the part of an allowed address that is no secret: `https://hooks.slack.com/…`."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _split(url: str) -> "SplitResult":
    from urllib.parse import urlsplit

    return urlsplit(url)
