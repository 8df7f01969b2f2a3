"""Notices: every movement of points is told to whose points they are."""
