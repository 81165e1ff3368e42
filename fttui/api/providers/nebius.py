"""Nebius Token Factory: OpenAI's routes with other hyperparameters, and no metadata."""

from types import MappingProxyType

from fttui.api.providers.base import Provider

HYPERPARAMETERS = {
    "supervised": (
        *("n_epochs", "batch_size", "learning_rate", "warmup_ratio", "weight_decay", "packing", "max_grad_norm"),
        *("context_length", "lora", "lora_r", "lora_alpha", "lora_dropout"),
    ),
}


def provider(base_url: str, *, organization: str, project: str) -> Provider:
    """Return Nebius. It answers `auto` with a 422, and drops metadata."""
    return Provider(
        name="nebius",
        base_url=base_url,
        missing=frozenset({"delete_job"}),
        keeps_metadata=False,
        hyperparameters=MappingProxyType(HYPERPARAMETERS),
        has_auto=False,
    )
