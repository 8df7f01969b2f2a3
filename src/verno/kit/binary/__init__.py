"""Rows in PostgreSQL's binary format: as COPY, and as array parameters."""
