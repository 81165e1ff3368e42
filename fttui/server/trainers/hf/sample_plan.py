"""Samples that fit into a small part of a run's time: decided once, before the first step, and kept.

What an answer takes is measured when the training begins. Afterwards the samples depend on the plan alone: a run that
was killed gives the same answers, and so does a busy machine.
"""

import json
import os
from typing import NamedTuple, Self

from fttui import atomic

SHARE = 0.02
"""Largest share of a run's time for samples."""
LONGEST, LEAST = 64, 16
"""Tokens of an answer."""
STEP_FORWARDS = 2.0
"""Time of a step's arithmetic in forward passes: at least one back, through frozen weights too."""
_FILE = "samples.json"


class Pace(NamedTuple):
    """Measured seconds."""

    prompts: float
    """To read all prompts."""
    token: float
    """For one more token of all answers at once."""


class Plan(NamedTuple):
    """Number, length and places of the samples of a run."""

    prompts: int
    max_tokens: int
    """Of one answer."""
    everywhere: bool
    """At each checkpoint; otherwise before the first step and at the last checkpoint only."""

    def includes(self, *, is_end: bool) -> bool:
        """Return whether samples are taken at a checkpoint. The state before the first step is an end too."""
        return self.prompts > 0 and (is_end or self.everywhere)

    @classmethod
    def read(cls, directory: str) -> Self | None:
        """Return the plan of the job in a directory, None for one that has none yet."""
        try:
            with open(os.path.join(directory, _FILE), encoding="utf-8") as file:
                members = json.load(file)
            return cls(int(members["prompts"]), int(members["max_tokens"]), bool(members["everywhere"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, directory: str) -> None:
        """Keep the plan with the job.

        Raises:
            OSError: it cannot be written.
        """
        atomic.write(os.path.join(directory, _FILE), json.dumps(self._asdict()).encode())


def plan(seconds: float, checkpoints: int, prompts: int, pace: Pace) -> Plan:
    """Return the largest plan that takes at most so many seconds. Without time for one short answer it is empty."""
    for points in dict.fromkeys((checkpoints + 1, 2)):
        room = seconds / points
        for count in range(prompts, 0, -1):
            most = int((room - pace.prompts * count / prompts) / pace.token)
            if most >= LEAST:
                return Plan(count, min(most, LONGEST), points > 2 or checkpoints == 1)
    return Plan(0, LEAST, everywhere=False)
