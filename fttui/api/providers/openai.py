"""OpenAI's own API."""

from types import MappingProxyType

from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return OpenAI, or a provider with its API. Organisation and project are headers of every request."""
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return Provider(
        name="openai",
        base_url=base_url,
        headers=MappingProxyType({name: value for name, value in headers.items() if value}),
        missing=frozenset({"delete_job"}),
        chat_length="max_completion_tokens",  # models that reason refuse `max_tokens`
    )
