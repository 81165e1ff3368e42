"""Connecting: choose the service, find its key, and make a client for it.

The client and its libraries are imported late.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from fttui.clock import Clock, SystemClock
from fttui.config.choose import Choice, choose, is_loopback
from fttui.config.errors import ConfigError
from fttui.config.providers import PROVIDERS
from fttui.core.options import Options

if TYPE_CHECKING:
    import httpx

    from fttui.api.client import Client
    from fttui.api.http import Http
    from fttui.api.providers import Provider
    from fttui.api.retries import Retry
    from fttui.config.schema import Profile, Settings, Shared


class Connection(NamedTuple):
    """A client for the chosen service, with the choice, settings and provider it was made from."""

    choice: Choice
    settings: "Settings"
    provider: "Provider"
    client: "Client"
    warnings: tuple[str, ...]
    """Warnings to show at every start, such as TLS that is not verified."""

    @property
    def shared(self) -> "Shared":
        """Interval, read-only mode and link in effect for the chosen service."""
        return self.settings.shared(self.settings.of(self.choice))

    async def close(self) -> None:
        await self.client.close()


async def connect(
    options: Options,
    *,
    clock: Clock = SystemClock(),  # noqa: B008  (has no state)
    transport: "httpx.AsyncBaseTransport | None" = None,
    on_retry: "Callable[[Retry], None] | None" = None,
) -> Connection:
    """Choose the service and make a client for it. For the local profile, start the embedded service if needed.

    No request is sent yet. Key commands and the start of the local service run in threads.

    Args:
        transport: replaces the network in tests.
        on_retry: called before a failed read is sent again.

    Raises:
        ConfigError: the choice or the configuration is wrong, or the extra `local` is missing.
        NoKey: the service needs a key and none was found.
        ServiceError: the local service cannot be started.
    """
    import asyncio

    from fttui.api.client import Client
    from fttui.api.http import Http
    from fttui.config import load as configuration
    from fttui.config.secrets import find_key

    settings = configuration.load()  # first: cockpit and commands then report the same error
    choice = choose(profile=options.profile, base_url=options.base_url)
    profile = settings.of(choice)
    key, origin = await asyncio.to_thread(find_key, choice, profile)
    provider = provider_of(choice, profile, origin)
    verify: Any = True
    mounts: dict[str, Any] = {}
    notices: tuple[str, ...] = ()
    if choice.is_local and transport is None:
        from fttui.core.local_service import open_transport

        transport = local = await open_transport(settings.for_service(), settings.key_variables())
        notices = local.notices
    elif transport is None:
        if _is_near_without_tls(choice, profile):
            from fttui.api.late_tls import LateTls
            from fttui.core import authorities

            verify = authorities.none()
            mounts = {"https://": LateTls(authorities.standard)}  # for redirects to files
        else:
            verify = _trust(choice, profile)
            if not choice.is_watched:
                from fttui.core import proxies

                mounts = proxies.routes(provider.base_url, verify)

    async def renew() -> Any:
        try:
            return (await asyncio.to_thread(find_key, choice, profile))[0]
        except ConfigError:
            return None  # the service's 401 is then reported

    http = Http(
        provider,
        key,
        clock=clock,
        transport=transport,
        verify=verify,
        mounts=mounts,
        on_retry=on_retry,
        # Only a command can return a new key: Entra tokens, for example, expire after an hour.
        renew=renew if profile is not None and profile.api_key_command else None,
    )
    if choice.is_watched:
        client, notices = await _watch(http, profile)
    else:
        client = Client(http)
    warnings = (*_warnings(choice, profile, bool(key)), *notices)
    return Connection(choice, settings, provider, client, warnings)


async def _watch(http: "Http", profile: "Profile | None") -> "tuple[Client, tuple[str, ...]]":
    """Return a client for directories of runs, and sentences about what cannot be read there.

    What is remembered of them between two starts is beside the archive: nothing is written below them.
    """
    import os

    from fttui.api.client import Client
    from fttui.api.providers.runs import Runs
    from fttui.config.paths import data_dir, make_dir

    try:
        memory = make_dir(os.path.join(data_dir(), "runs"))
    except OSError:
        memory = ""
    runs = Runs(http, memory=memory, log_pattern=(profile.log_pattern if profile is not None else None) or "")
    return Client(http, api=runs), tuple(await runs.look())


def provider_of(choice: Choice, profile: "Profile | None", key_origin: str = "") -> "Provider":
    """Return the provider of the chosen service, set up from its profile or from the environment."""
    import os
    from urllib.parse import parse_qsl

    from fttui.api import providers
    from fttui.api.providers import local

    if choice.is_local or choice.base_url is None:
        return local.provider()
    query = tuple(parse_qsl(choice.query, keep_blank_values=True))
    if profile is None:
        return providers.provider(
            choice.provider,
            choice.base_url,
            organization=os.environ.get("OPENAI_ORG_ID", "").strip(),
            project=os.environ.get("OPENAI_PROJECT_ID", "").strip(),
            query=query,
            key_origin=key_origin,
            key_variable=PROVIDERS[choice.provider].key,
        )
    return providers.provider(
        choice.provider,
        choice.base_url,
        organization=profile.organization or "",
        project=profile.project or "",
        auth=profile.auth,
        headers=profile.headers,
        query=(*query, *profile.query.items()),
        create=profile.create,
        storage_url=profile.storage_url or "",
        bucket=profile.bucket or "",
        key_origin=key_origin,
        key_variable=PROVIDERS[choice.provider].key,
    )


def _is_near_without_tls(choice: Choice, profile: "Profile | None") -> bool:
    """Return whether the service is a port of this machine without TLS, and no setting says what TLS trusts."""
    base_url = choice.base_url or ""
    return (
        base_url.startswith("http://")
        and is_loopback(base_url)
        and (profile is None or (profile.verify_tls and not profile.ca_file))
    )


def _trust(choice: Choice, profile: "Profile | None") -> Any:
    """Return the TLS verification: the standard authorities and variables, or the settings of the profile."""
    from fttui.core import authorities

    if choice.is_watched:
        return False  # no request is sent
    if profile is None or (profile.verify_tls and not profile.ca_file):
        # Http reads the variables only with `trust_env`, which is off for this machine.
        if (choice.base_url or "").startswith("https://"):
            return authorities.trusted()
        return authorities.standard()  # for redirects to files; a service without TLS needs no variable
    import os
    import ssl

    from fttui import bounded

    if not profile.verify_tls:
        return False
    path = os.path.expanduser(profile.ca_file or "")
    try:
        # OpenSSL would wait for a pipe without a writer. Certificates are ASCII, comments between them may not be.
        content = bounded.read_file(path, authorities.LARGEST_FILE).decode("ascii", "replace").replace("\ufffd", "?")
        return ssl.create_default_context(cadata=content or "-")
    except ssl.SSLError:
        raise ConfigError(f"profiles.{choice.name}.ca_file: {path} has no valid certificates in PEM format") from None
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"profiles.{choice.name}.ca_file: cannot read {path}: {reason}") from None


def _warnings(choice: Choice, profile: "Profile | None", has_key: bool) -> list[str]:
    found = []
    base_url = choice.base_url or ""
    if profile is not None and not profile.verify_tls:
        found.append(f"TLS is not verified for {base_url}: anyone on the way can read the key and the data")
    if has_key and base_url.startswith("http://") and not is_loopback(base_url):
        found.append(f"the key is sent to {base_url} unencrypted: use https if you can")
    return found
