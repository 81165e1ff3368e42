"""Dialects of the API as frozen data and small hooks, so that another provider needs no change in a verb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Hook = Callable[[Any], Any]


def _as_sent(raw: Any) -> Any:
    return raw


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One service, and how its dialect differs from OpenAI's."""

    name: str
    """The dialect: `openai`, `azure`, `nebius`, `litellm`, `compatible` or `local`."""
    base_url: str
    """Without a trailing slash."""
    where: str = ""
    """What a person calls the other side in an error; the base URL when empty."""
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    key_origin: str = ""
    """Where the key came from, in words; empty when none is sent."""
    headers: Mapping[str, str] = field(default_factory=_nothing)
    query: tuple[tuple[str, str], ...] = ()
    """Sent with every request."""
    jobs: str = "/fine_tuning/jobs"
    """The path under which jobs hang."""
    keeps_metadata: bool = True
    """False where `metadata` is lost on create, so that a job cannot be known again by its token."""
    missing: frozenset[str] = frozenset()
    """Verbs that the service is known not to offer: `pause`, `resume`, `events`, `checkpoints`, …"""
    create: Mapping[str, Any] = field(default_factory=_nothing)
    """Further members of the body that creates a job."""
    body: Hook = _as_sent
    """The body that creates a job, from ours to the dialect's."""
    object: Hook = _as_sent
    """An object (a job, an event, a file), from the dialect's shape to OpenAI's."""
    list: Hook = _as_sent
    """A list, from the dialect's envelope to OpenAI's."""

    @property
    def title(self) -> str:
        return self.where or self.base_url


def openai(base_url: str, *, name: str = "openai", organization: str = "", project: str = "") -> dict[str, Any]:
    """The members of a `Provider` that speaks OpenAI's own dialect."""
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {"name": name, "base_url": base_url, "headers": {key: value for key, value in headers.items() if value}}


def azure(base_url: str) -> dict[str, Any]:
    """An Azure resource: the key has a header of its own, at `/openai/v1` as at the dated API."""
    return {"name": "azure", "base_url": base_url, "key_header": "api-key", "key_prefix": ""}


def litellm(base_url: str) -> dict[str, Any]:
    """LiteLLM's pass-through routes: they drop `metadata` on create."""
    return {"name": "litellm", "base_url": base_url, "keeps_metadata": False}


def local() -> Provider:
    """The embedded service; the host is never looked up, the socket leads there."""
    return Provider(name="local", base_url="http://fttui/v1", where="the local service")


def provider(
    dialect: str,
    base_url: str,
    *,
    organization: str = "",
    project: str = "",
    auth: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    query: tuple[tuple[str, str], ...] = (),
    create: Mapping[str, Any] = MappingProxyType({}),
    key_origin: str = "",
) -> Provider:
    """A provider from its dialect and what a profile says about it.

    Args:
        auth: `bearer` or `api-key`; the dialect's own way when None.
    """
    if dialect == "azure":
        members = azure(base_url)
    elif dialect == "litellm":
        members = litellm(base_url)
    else:
        members = openai(base_url, name=dialect, organization=organization, project=project)
    if auth == "bearer":
        members |= {"key_header": "Authorization", "key_prefix": "Bearer "}
    elif auth == "api-key":
        members |= {"key_header": "api-key", "key_prefix": ""}
    members["headers"] = MappingProxyType({**members.get("headers", {}), **headers})
    return Provider(**members, query=query, create=MappingProxyType(dict(create)), key_origin=key_origin)
