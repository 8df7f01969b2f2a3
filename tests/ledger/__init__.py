"""Tests of the ledger on a database."""
