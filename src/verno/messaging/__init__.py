"""Telling: one door for messages, one row a message, channels, and the monthly statement."""
