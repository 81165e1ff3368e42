"""The embedded service of this machine, reached through a Unix socket."""

from fttui.api.providers.base import Provider


def provider() -> Provider:
    """Return the embedded service. The host name is never resolved."""
    return Provider(name="local", base_url="http://fttui/v1", label="the local service", keeps_no_copy=True)
