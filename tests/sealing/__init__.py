"""Tests of sealed history and of proofs."""
