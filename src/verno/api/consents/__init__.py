"""Doors to consents: what members said, how often they wish to hear, topics, texts, codes."""
