"""Broadcasts: one message to many, from the draft to what it brought (docs/explanation/broadcasts.md)."""
