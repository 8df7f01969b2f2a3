"""Drafts of rulebooks: saved, submitted, reviewed by another person, published at a moment."""
