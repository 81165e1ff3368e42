"""Formats of runs that other programs started."""
