"""Webhooks: events of the outbox told to other people's servers, and what those tell us."""
