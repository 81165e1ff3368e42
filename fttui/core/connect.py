"""The composition root: from what a person asked for to a client that can be talked to.

Imports heavy rooms late, so that `Options` costs nothing before the first frame.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fttui.clock import Clock, SystemClock
from fttui.config.choose import Choice, choose, is_loopback
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file, make_dir, service_dir

if TYPE_CHECKING:
    import httpx

    from fttui.api.client import Client
    from fttui.api.providers import Provider
    from fttui.api.retries import Retry
    from fttui.config.load import Profile, Settings
    from fttui.store.archive.archive import Archive
    from fttui.store.polling.poller import Poller
    from fttui.store.store import Store


class Options(NamedTuple):
    """What the command line asked for."""

    profile: str | None = None
    base_url: str | None = None
    interval: float | None = None
    """Seconds between polls; None leaves it to the settings."""
    read_only: bool = False
    fresh: bool = False
    """Ignore what was remembered from the last time."""
    offline: bool = False
    """Read the archive alone."""


class Connection(NamedTuple):
    """A client for the chosen service, and what it was made from."""

    choice: Choice
    settings: "Settings"
    provider: "Provider"
    client: "Client"
    warnings: tuple[str, ...]
    """What a person should hear at every start, such as TLS that is not verified."""

    async def close(self) -> None:
        await self.client.close()


async def connect(
    options: Options,
    *,
    clock: Clock = SystemClock(),  # noqa: B008  (has no state)
    transport: "httpx.AsyncBaseTransport | None" = None,
    on_retry: "Callable[[Retry], None] | None" = None,
) -> Connection:
    """Choose the service and make a client for it; for the local profile, reach or start the embedded service.

    Nothing is asked of the service yet. Key commands and the start of the local service run in threads.

    Args:
        transport: instead of the network; for tests.
        on_retry: told about every read that failed and will be sent again.

    Raises:
        ConfigError: the choice or the configuration is wrong, or the extra `local` is missing.
        NoKey: the service wants a key and none was found.
        ServiceError: the local service cannot be started.
    """
    import asyncio

    from fttui.api.client import Client
    from fttui.api.http import Http
    from fttui.config import load as configuration
    from fttui.config.secrets import find_key

    settings = configuration.load()  # first, so that every face tells the same fault
    choice = choose(profile=options.profile, base_url=options.base_url)
    profile = settings.of(choice)
    key, origin = await asyncio.to_thread(find_key, choice, profile)
    provider = provider_of(choice, profile, origin)
    verify: Any = True
    if choice.is_local and transport is None:
        transport = await _local_transport(settings.local.for_service())
    elif transport is None:
        verify = _trust(choice, profile)

    async def renew() -> Any:
        try:
            return (await asyncio.to_thread(find_key, choice, profile))[0]
        except ConfigError:
            return None  # the service's own refusal is what the person should hear

    http = Http(
        provider,
        key,
        clock=clock,
        transport=transport,
        verify=verify,
        # A proxy never leads to this very machine.
        trust_env=not is_loopback(provider.base_url),
        on_retry=on_retry,
        # Only what a program makes can be another one the next time: Entra tokens last an hour.
        renew=renew if profile is not None and profile.api_key_command else None,
    )
    warnings = tuple(_warnings(choice, profile, bool(key)))
    return Connection(choice, settings, provider, Client(http), warnings)


class Core:
    """All that stands behind a face: the chosen service, the archive, the store over both, and what keeps it true."""

    def __init__(
        self,
        choice: Choice,
        settings: "Settings",
        archive: "Archive",
        store: "Store",
        poller: "Poller",
    ) -> None:
        self.choice = choice
        self.settings = settings
        self.archive = archive
        self.store = store
        self.poller = poller

    @property
    def client(self) -> "Client | None":
        """How the service is reached; None until the poller has reached it."""
        return self.store.client

    async def close(self) -> None:
        """Close the connections and the archive. Whoever runs the poller ends it first."""
        if self.store.client is not None:
            await self.store.client.close()
        await self.store.close()
        await self.archive.close()


class MergedCore:
    """Several profiles looked at as one. Closes all of them."""

    def __init__(self, cores: "Mapping[str, Core]") -> None:
        from fttui.store.merged import MergedPoller, MergedStore

        self._cores = cores
        self.store = MergedStore({name: core.store for name, core in cores.items()})
        self.poller = MergedPoller(core.poller for core in cores.values())

    async def close(self) -> None:
        """Close every one of them. Whoever runs the poller ends it first."""
        for core in self._cores.values():
            await core.close()


def profiles_at_hand() -> list[str]:
    """The profiles that are worth looking at together: those of the configuration, this machine's service, and OpenAI
    where a key for it is in the environment.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    import os

    from fttui.config.load import names

    return [name for name in names() if name != "openai" or os.environ.get("OPENAI_API_KEY", "").strip()]


async def open_merged(options: Options, names: "Iterable[str]") -> MergedCore:
    """Open the cores of several profiles.

    Raises: as `open_core`.
    """
    return MergedCore({name: await open_core(options._replace(profile=name, base_url=None)) for name in names})


async def open_core(
    options: Options,
    *,
    clock: Clock = SystemClock(),  # noqa: B008  (has no state)
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> Core:
    """Open the archive of the chosen service. Nothing is connected yet: the poller does that, and tries again.

    So a service that cannot be started, or a host that is down, shows what is archived and says why.

    Raises:
        ConfigError: the choice or the configuration is wrong.
    """
    import asyncio

    from fttui.config import load as configuration

    settings = configuration.load()  # first, so that every face tells the same fault
    choice = choose(profile=options.profile, base_url=options.base_url)
    profile = settings.of(choice)
    interval = options.interval or (profile.interval if profile else None) or settings.interval
    read_only = options.read_only or settings.read_only or bool(profile and profile.read_only)

    async def reach() -> "Client":
        from fttui.api.errors import Unauthorized
        from fttui.config.errors import NoKey

        try:
            connection = await connect(options, clock=clock, transport=transport)
        except NoKey as error:
            # Like a key that is refused: nothing is tried again before somebody has acted.
            raise Unauthorized(str(error)) from None
        core.store.warn(*connection.warnings)
        return connection.client

    def make() -> Core:
        from fttui.store.archive.archive import Archive
        from fttui.store.polling.poller import Poller
        from fttui.store.store import Store

        archive = Archive(archive_file(), choice.key)
        store = Store(archive, clock, read_only=read_only)
        poller = Poller(
            store,
            clock,
            local=choice.is_local,
            interval=interval,
            connect=None if options.offline else reach,
        )
        return Core(choice, settings, archive, store, poller)

    # In a thread: importing pydantic and reading ten thousand jobs would hold up the keys.
    core = await asyncio.to_thread(make)
    if options.offline:
        core.store.rest("only the archive is shown, as --offline says")
    return core


def provider_of(choice: Choice, profile: "Profile | None", key_origin: str = "") -> "Provider":
    """The dialect of the chosen service, with what its profile or the environment says about it."""
    import os
    from urllib.parse import parse_qsl

    from fttui.api import providers

    if choice.is_local or choice.base_url is None:
        return providers.local()
    query = tuple(parse_qsl(choice.query, keep_blank_values=True))
    if profile is None:
        return providers.provider(
            choice.provider,
            choice.base_url,
            organization=os.environ.get("OPENAI_ORG_ID", "").strip(),
            project=os.environ.get("OPENAI_PROJECT_ID", "").strip(),
            query=query,
            key_origin=key_origin,
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
        key_origin=key_origin,
    )


def check_local() -> None:
    """Make sure that the extra `local` is installed.

    Raises:
        ConfigError: it is not; the message has the install line.
    """
    from fttui.install import install_line, missing_modules

    if missing := missing_modules("local"):
        raise ConfigError(
            f"the local service needs packages that are not installed ({', '.join(missing)}): {install_line('local')}\n"
            "To use a different service: --profile NAME or --base-url URL"
        )


async def _local_transport(settings: dict[str, Any]) -> "httpx.AsyncBaseTransport":
    """A transport to the socket of the embedded service, which wakes the service when it has gone."""
    import asyncio

    import httpx

    from fttui.server import control

    check_local()
    home = make_dir(service_dir())

    class Waking(httpx.AsyncBaseTransport):
        """Every request finds a running service: an idle one ends by itself, and machines sleep."""

        def __init__(self, socket: str) -> None:
            self._open(socket)

        def _open(self, socket: str) -> None:
            self._socket = socket
            self._inner = httpx.AsyncHTTPTransport(uds=socket)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError:
                pass
            # Outside of the handler: what it says must not be mixed with why the socket failed.
            await self._wake()
            return await self._inner.handle_async_request(request)

        async def _wake(self) -> None:
            try:
                socket = await asyncio.to_thread(control.ensure, home, settings=settings)
            except control.ServiceError as error:
                raise httpx.ConnectError(str(error)) from None
            if socket != self._socket:
                await self._inner.aclose()
                self._open(socket)

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Waking(await asyncio.to_thread(control.ensure, home, settings=settings))


def _trust(choice: Choice, profile: "Profile | None") -> Any:
    """What TLS is checked against: the standard authorities and variables, or a profile's own."""
    if profile is None or (profile.verify_tls and not profile.ca_file):
        import httpx

        # Made here rather than by the client, which reads SSL_CERT_FILE only where it may use proxies.
        return httpx.create_ssl_context() if (choice.base_url or "").startswith("https://") else True
    import os
    import ssl

    if not profile.verify_tls:
        return False
    path = os.path.expanduser(profile.ca_file or "")
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"profiles.{choice.name}.ca_file: cannot use {path}: {error}") from None


def _warnings(choice: Choice, profile: "Profile | None", has_key: bool) -> list[str]:
    found = []
    base_url = choice.base_url or ""
    if profile is not None and not profile.verify_tls:
        found.append(f"TLS is not verified for {base_url}: anybody in between can read the key and the data")
    if has_key and base_url.startswith("http://") and not is_loopback(base_url):
        found.append(f"the key goes to {base_url} in the clear: use https where you can")
    return found


SAMPLE_JOB = {
    "model": "fttui-tiny-1",
    "training_file": "sample-train.jsonl",
    "validation_file": "sample-valid.jsonl",
    "suffix": "sample",
}
"""What the create form holds for a newcomer: a real run with the data in the package."""


def sample_path(name: str) -> str | None:
    """Where the sample file called `name` lies in the package; None for any other name."""
    import os

    if name not in (SAMPLE_JOB["training_file"], SAMPLE_JOB["validation_file"]):
        return None
    return os.path.join(os.path.dirname(os.path.dirname(__file__)), "server", "trainers", "samples", name)
