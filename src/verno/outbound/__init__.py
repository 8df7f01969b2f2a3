"""Calls to other people's servers over HTTP, for every package that makes some: one client, honest answers."""
