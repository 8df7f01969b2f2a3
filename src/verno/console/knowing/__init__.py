"""Rooms of what a program knows of its members: attributes, industries' packs of them."""
