"""Names of the two outputs of a DPO example, of which OpenAI has two sets. Standard library only."""

from typing import Any

NAMES = {"preferred_output": "preferred_completion", "non_preferred_output": "non_preferred_completion"}
"""Names in OpenAI's API reference, by the names in its guide."""


def by_api(example: dict[str, Any]) -> dict[str, Any]:
    """Return the example with the names of the API reference: the same object if it has them."""
    if NAMES.keys().isdisjoint(example):
        return example
    renamed = dict(example)
    for guide, api in NAMES.items():
        if guide in renamed and api not in renamed:
            renamed[api] = renamed.pop(guide)
    return renamed
