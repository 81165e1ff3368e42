"""Azure OpenAI: an undated API below `/openai/v1` and a dated one below `/openai`."""

from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return an Azure resource. Both its APIs take the key in the header `api-key`."""
    return Provider(name="azure", base_url=base_url, key_header="api-key", key_prefix="")
