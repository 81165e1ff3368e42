"""Rows of the job list and of event logs. Standard library only.

The archive has these columns beside the raw JSON, so that the first frame needs no decoder.
"""

from fttui.lean_typing import NamedTuple
from fttui.models.status import Status, status_of
from fttui.models.summary import Summary
from fttui.text import middle_cut

LONGEST_SUFFIX = 64
"""Characters of a suffix in a title, as many as OpenAI accepts. A longer one loses its middle."""


class JobRow(NamedTuple):
    """A job in the list. Texts are cleaned by `clean_line`, times are Unix seconds."""

    id: str
    status_text: str = ""
    """Status in the provider's own word."""
    model: str = ""
    suffix: str = ""
    method: str = ""
    fine_tuned_model: str = ""
    created_at: float | None = None
    finished_at: float | None = None
    trained_tokens: int | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    """Newest training loss. None for reinforcement, which has rewards."""
    gone: bool = False
    """The provider no longer lists the job."""
    fault: str = ""
    """Reason why the object is not a valid job, or an empty string."""
    epochs: str = ""
    """Number of epochs as sent: a number, `auto` or empty."""
    rate: str = ""
    """Learning rate or its multiplier as sent."""
    batch: str = ""
    """Batch size as sent."""
    seed: str = ""
    sweep: str = ""
    """Mark that the jobs of a sweep share: see `labels.SWEEP`. Empty for any other job."""
    phase: str = ""
    """Work before the next step of a running job, in short: `get 34%`."""
    cost: float | None = None
    """Amount that the provider billed, in `currency`."""
    currency: str = ""
    summary: Summary = Summary()
    """Numbers of the run, from its metrics."""
    alarms: str = ""
    """Kinds of the alarms that the curve raises, the most important first, with commas between."""
    profile: str = ""
    """Profile of the job, in a view of several profiles. Not in the archive."""

    def with_alarms(self, kinds: str) -> "JobRow":
        """Return this row with more kinds of alarms, with commas between."""
        return self._replace(alarms=",".join(filter(None, (self.alarms, kinds)))) if kinds else self

    def without_numbers(self) -> "JobRow":
        """Return this row without its step, losses and alarms: they are those of a moment before the end."""
        return self._replace(step=None, loss=None, summary=Summary(), alarms="")

    @property
    def judged_loss(self) -> float | None:
        """Newest loss by which the job is judged: see `Summary.metric`. Before a summary, the newest training loss.

        None while the newest is not finite.
        """
        return self.loss if self.summary.last is None and not self.summary.is_lost else self.summary.last

    @property
    def name(self) -> str:
        """Suffix of the job, else the end of its id."""
        return self.suffix or (self.id if len(self.id) <= 10 else f"..{self.id[-8:]}")

    @property
    def status(self) -> Status:
        """State of the job."""
        return status_of(self.status_text)

    @property
    def title(self) -> str:
        """Suffix and shortened id: `support-v4 (..x7Qa91Lk)`. The shortened id alone for a job without a suffix."""
        return f"{middle_cut(self.suffix, LONGEST_SUFFIX)} ({short_id(self.id)})" if self.suffix else short_id(self.id)


def short_id(id: str) -> str:
    """Shorten an id to its distinctive end: `..x7Qa91Lk`."""
    return id if len(id) <= 10 else ".." + id[-8:]


def short_model(model: str) -> str:
    """Shorten the date in a model name: `gpt-4o-mini-2024-07-18` becomes `gpt-4o-mini-0718`."""
    at = model.find("-20")
    while at >= 0:
        end = at + len("-2024-07-18")
        date, after = model[at:end].split("-"), model[end : end + 1]
        if [len(part) for part in date] == [0, 4, 2, 2] and "".join(date).isdecimal() and not _is_of_word(after):
            model = f"{model[:at]}-{date[2]}{date[3]}{model[end:]}"
        at = model.find("-20", at + 1)
    return model


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


class EventRow(NamedTuple):
    """An event in the log of a job. Texts are cleaned, the time is Unix seconds."""

    seq: int
    """Sequence number in the job's log: rises from old to new, never changes, may have gaps."""
    id: str
    created_at: float | None
    level: str
    type: str
    message: str
    data: str
    """The event's `data` as JSON text, or an empty string. Not cleaned: `clean` it before showing."""
