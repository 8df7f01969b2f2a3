"""Conditions: both readings agree, and what they say is what the reference page says."""
