"""fttui: a keyboard-driven terminal cockpit for fine-tuning jobs."""

__version__ = "0.1.0"
