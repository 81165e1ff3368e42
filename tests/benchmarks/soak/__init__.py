"""Soak: memory, open files and tasks of cockpits that stay open."""
