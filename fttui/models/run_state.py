"""State of a run that the API has no members for: the phase before the first step, and the machine it runs on.

The embedded service sends both in the member `fttui` of a job. Standard library only.
"""

from typing import NamedTuple

LONGEST = 80
"""Characters of a name that are kept."""
MOST_VERSIONS = 20
_SHORT = {"downloading": "get", "loading": "load", "preparing": "prep", "tokenizing": "prep", "validating": "test"}
"""Words of known phases in a narrow column. Others are cut to four letters."""


class Phase(NamedTuple):
    """Work of a trainer before its first step."""

    name: str
    """`downloading`, `loading`, `preparing`, or a word of the trainer."""
    done: float | None = None
    total: float | None = None
    unit: str = ""
    """`bytes`, `examples`, or empty."""
    finish: float | None = None
    """Expected end in Unix seconds."""

    @property
    def percent(self) -> int | None:
        """Part that is done, None if unknown."""
        if self.done is None or not self.total:
            return None
        return min(100, int(100 * self.done / self.total))

    @property
    def short(self) -> str:
        """Word and percentage for a narrow column: `get 34%`."""
        word = _SHORT.get(self.name, self.name[:4].strip())
        return word if self.percent is None else f"{word} {self.percent}%"


class Environment(NamedTuple):
    """Machine and software of a trainer."""

    host: str = ""
    device: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    """Names and versions of the important packages."""

    @property
    def words(self) -> str:
        """The environment on one line: `n2 · 2 × NVIDIA H100 · torch 2.13.0`."""
        return " · ".join(filter(None, (self.host, self.device, *(" ".join(pair) for pair in self.versions))))


class EngineLife(NamedTuple):
    """Life of a job's trainer at the engine that runs it."""

    name: str
    """Name of the engine in the configuration."""
    kind: str
    """`slurm` or `ray`."""
    state: str = ""
    """`waiting`, `running`, `unknown`, `away`, or empty when the engine does not have the job."""
    host: str = ""
    reason: str = ""
    """Reason why it waits, in the engine's word."""
    attempt: int = 0
    """Number of starts so far."""
    id: str = ""
    """Id that the engine gave it."""
    limit: int | None = None
    """Seconds that the engine lets it run."""
    ends_at: float | None = None
    """Unix seconds at which the engine ends it."""
    since: float | None = None
    """Unix seconds at which this state began."""
