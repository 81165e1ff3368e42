"""The user's settings of the curve. Standard library only; the chart itself is imported later."""

from fttui.lean_typing import NamedTuple

SMOOTHINGS: dict[str, float | None] = {"auto": None, "0.6": 0.6, "0.9": 0.9, "off": 0.0}
"""Weights of smoothing by name. None chooses one by the length of the run."""
AXES = ("step", "epoch", "time")
"""Units of the horizontal axis."""


class CurveStyle(NamedTuple):
    """Look of the curve."""

    is_log: bool = False
    is_whole: bool = False
    """Show the whole vertical range, not the robust one."""
    smoothing: str = "auto"
    axis: str = "step"
    metric: str = "loss"
    """Name of the group of metrics. A run without it shows its loss."""

    @property
    def words(self) -> list[str]:
        """Words for the settings that differ from the usual ones."""
        return [
            *(["log axis"] if self.is_log else []),
            *(["whole range"] if self.is_whole else []),
            *([f"smoothing {self.smoothing}"] if self.smoothing != "auto" else []),
            *([f"by {self.axis}"] if self.axis != "step" else []),
        ]
