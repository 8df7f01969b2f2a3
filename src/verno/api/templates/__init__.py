"""Doors to message templates."""
