"""Launchers: they start, watch and stop trainers, on this machine or through an engine that schedules them."""
