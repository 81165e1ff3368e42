"""Azure OpenAI: an undated API below `/openai/v1` and a dated one below `/openai`."""

from fttui.api.providers.base import Provider


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return an Azure resource. Both its APIs take the key in the header `api-key`.

    A model is asked by the name of its deployment.
    """
    return Provider(
        name="azure",
        base_url=base_url,
        key_header="api-key",
        key_prefix="",
        chat="/chat/completions" if base_url.endswith("/v1") else "/deployments/{model}/chat/completions",
        chat_length="max_completion_tokens",
    )
