"""The two answers of a DPO example, by either of the names that OpenAI has for them. Standard library only."""

from typing import Any

NAMES = {"preferred_output": "preferred_completion", "non_preferred_output": "non_preferred_completion"}
"""The names in OpenAI's guide, and those in the description of its API (api.md §14)."""


def by_api(example: dict[str, Any]) -> dict[str, Any]:
    """The example with the names of the API's description; the very same where it has them already."""
    if NAMES.keys().isdisjoint(example):
        return example
    renamed = dict(example)
    for guide, api in NAMES.items():
        if guide in renamed and api not in renamed:
            renamed[api] = renamed.pop(guide)
    return renamed
