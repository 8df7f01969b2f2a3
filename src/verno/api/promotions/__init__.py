"""Doors to promotions: rulebooks and what stops them, drafts and their way to publication."""
