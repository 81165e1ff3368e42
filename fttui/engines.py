"""Facts about engines that the configuration and the service share. Standard library only."""

ENGINE_KINDS = ("slurm", "ray")
"""Kinds of engines, which are also the first words of their options (`slurm.time`)."""
MAX_SUBMITTED = 20
"""Default of the jobs that an engine has at the same time."""
