"""Names of the checkpoints of Hugging Face's Trainer. Standard library only."""

_START = "checkpoint-"


def step_of(name: str) -> int | None:
    """Return the step of a checkpoint by the name of its directory, such as `checkpoint-500`; None for other names."""
    step = name.removeprefix(_START)
    return int(step) if name.startswith(_START) and step.isdecimal() and len(step) <= 12 else None
