"""Doors to messages: broadcasts, and what they are written from."""
