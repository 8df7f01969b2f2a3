"""Doors to whom members belong: the contacts of a company, the households of people."""
