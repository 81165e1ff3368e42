"""Table of the providers: base URL, hosts, variable with the key. Standard library only: the first frame reads it."""

from fttui.lean_typing import NamedTuple


class KnownProvider(NamedTuple):
    """A provider that a profile may name. It has a module of its name in `fttui/api/providers/`."""

    base_url: str = ""
    """Empty if the profile must give one. Members of the profile in braces are filled in."""
    places: str = ""
    """Pattern of the base URLs that select it, without `https://`; empty if a profile must name it."""
    key: str = ""
    """Environment variable that has the key in the provider's own documentation."""
    key_command: str = ""
    """Command that prints the key, where it is a token that expires."""
    mark: str = ""
    """Text that every URL matched by `places` contains. The pattern is compiled only for URLs that contain it, because
    the first frame waits for that."""


OFFICIAL = "https://api.openai.com/v1"
WATCHED = "runs"
"""Provider of the runs in directories of this machine, which other programs started."""
PROVIDERS: dict[str, KnownProvider] = {
    "openai": KnownProvider(
        OFFICIAL, r"(?:(?:us|eu|ae|au|in|jp)\.)?api\.openai\.com(?:/.*)?", "OPENAI_API_KEY", mark="api.openai.com"
    ),
    "azure": KnownProvider(
        "",
        r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)(?:/.*)?",
        "AZURE_OPENAI_API_KEY",
        mark=".azure.",
    ),
    "nebius": KnownProvider(
        "https://api.tokenfactory.nebius.com/v1",
        r"api\.(?:tokenfactory|studio)\.nebius\.(?:com|ai)(?:/.*)?",
        "NEBIUS_API_KEY",
        mark=".nebius.",
    ),
    "bedrock": KnownProvider(
        "", r"bedrock-mantle\.[a-z0-9-]+\.api\.aws(?:/.*)?", "AWS_BEARER_TOKEN_BEDROCK", mark=".api.aws"
    ),
    "together": KnownProvider(
        "https://api.together.ai/v1", r"api\.together\.ai(?:/.*)?", "TOGETHER_API_KEY", mark="api.together.ai"
    ),
    "dashscope": KnownProvider(
        "https://dashscope.aliyuncs.com/api/v1",
        r"(?:dashscope(?:-intl)?|[a-z0-9-]+\.[a-z0-9-]+\.maas)\.aliyuncs\.com(?:/.*)?",
        "DASHSCOPE_API_KEY",
        mark=".aliyuncs.com",
    ),
    "localai": KnownProvider("", r"[^/]+/api/fine-tuning", mark="/api/fine-tuning"),
    "vertex": KnownProvider(
        "https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}",
        r"[a-z0-9-]+-aiplatform\.googleapis\.com/v1(?:beta1)?/projects/[^/]+/locations/[^/]+",
        key_command="gcloud auth print-access-token",
        mark="-aiplatform.googleapis.com/",
    ),
    "fireworks": KnownProvider(
        "https://api.fireworks.ai/v1/accounts/{account}",
        r"api\.fireworks\.ai/v1/accounts/[^/]+",
        "FIREWORKS_API_KEY",
        mark="api.fireworks.ai/",
    ),
    "runs": KnownProvider(),
    "litellm": KnownProvider(),
    "compatible": KnownProvider(),
}
"""Providers by name."""


def provider_at(base_url: str) -> str:
    """Return the provider whose service a base URL in normal form is; `compatible` for any other."""
    scheme, _, place = base_url.partition("://")
    if scheme == "file":
        return WATCHED
    if base_url == OFFICIAL:
        return "openai"
    near = {name: known.places for name, known in PROVIDERS.items() if known.mark and known.mark in place}
    if not near:
        return "compatible"
    import re

    name = next((name for name, pattern in near.items() if re.fullmatch(pattern, place)), "compatible")
    # Without TLS anybody may answer for the host, so OpenAI's key needs a profile.
    return "compatible" if name == "openai" and scheme != "https" else name


def is_place_of(name: str, base_url: str) -> bool:
    """Return whether a base URL is the service of a provider that needs a key, not a gateway to it."""
    known = PROVIDERS[name]
    return provider_at(base_url) == name and bool(known.key or known.key_command)
