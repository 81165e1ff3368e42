"""Keys of jobs, files and models in the view of several profiles: `profile/id`. Standard library only."""

from fttui.lean_typing import NamedTuple


class JobKey(NamedTuple):
    """A profile and the id of a job, file or model in it."""

    profile: str
    id: str

    def __str__(self) -> str:
        return f"{self.profile}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> "JobKey":
        """Split `profile/id`. Profile names have no slash, ids may have."""
        profile, _, id = text.partition("/")
        return cls(profile, id)
