"""Servers that copy OpenAI's API, such as vLLM front ends and `fttui serve`."""

from dataclasses import replace

from fttui.api.providers import openai
from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return a provider with OpenAI's API. Some, such as `fttui serve`, also delete jobs."""
    found = openai.provider(base_url, organization=organization, project=project)
    return replace(found, name="compatible", missing=frozenset(), chat_length="max_tokens")
