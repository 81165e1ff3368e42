"""The sample job: its form values, and the paths of its data files in the package."""

import os

SAMPLE_JOB = {
    "model": "fttui-tiny-1",
    "training_file": "sample-train.jsonl",
    "validation_file": "sample-valid.jsonl",
    "suffix": "sample",
}
"""Values of the create form when it is opened from the empty list of the local service."""


def sample_path(name: str) -> str | None:
    """Return the path of the sample file called `name`; None for any other name."""
    if name not in (SAMPLE_JOB["training_file"], SAMPLE_JOB["validation_file"]):
        return None
    return os.path.join(os.path.dirname(os.path.dirname(__file__)), "server", "trainers", "samples", name)
