"""Stored rulebooks: which rules hold from which moment."""
