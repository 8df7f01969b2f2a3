"""Leaving: signed links, and what following them does."""
