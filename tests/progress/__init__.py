"""Tests of progress tracks."""
