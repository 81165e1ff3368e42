"""Metadata of jobs that carries settings which the API has no member for. Standard library only."""

STOP_ON = "fttui.stop_on"
"""Kinds of alarms that stop a job of the embedded service, with commas between."""
