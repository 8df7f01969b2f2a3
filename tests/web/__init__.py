"""Tests of HTTP manners."""
