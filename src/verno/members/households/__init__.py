"""Households: members who belong together, and may have a pool of points."""
