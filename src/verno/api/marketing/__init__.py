"""Doors to what marketing keeps: progress tracks, contracts, goods, places."""
