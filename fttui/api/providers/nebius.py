"""Nebius Token Factory. Its API is OpenAI's."""

from dataclasses import replace

from fttui.api.providers import openai
from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return a provider with OpenAI's API."""
    return replace(
        openai.provider(base_url, organization=organization, project=project), name="nebius", chat_length="max_tokens"
    )
