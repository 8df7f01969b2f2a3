"""Goods and their category tree."""
