"""Amazon Bedrock's endpoint with OpenAI's API."""

from dataclasses import replace

from fttui.api.providers import openai
from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return Bedrock. Its guide says that `suffix` is not supported."""
    found = openai.provider(base_url, organization="", project="")
    return replace(found, name="bedrock", lacks=frozenset({"suffix"}))
