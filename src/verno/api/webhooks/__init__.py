"""Doors to webhooks: endpoints, their log, and events for whoever would rather ask."""
