"""Telling: one door for messages, one row a message, transports, and the monthly statement."""
