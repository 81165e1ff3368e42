"""Runs that other programs started, read from the files that they write. Nothing is ever written beside these files."""
