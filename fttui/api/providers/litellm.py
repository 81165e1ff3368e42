"""LiteLLM's proxy, which passes requests through to other providers."""

from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return a LiteLLM proxy. It drops `metadata` on create."""
    return Provider(name="litellm", base_url=base_url, keeps_metadata=False, missing=frozenset({"delete_job"}))
