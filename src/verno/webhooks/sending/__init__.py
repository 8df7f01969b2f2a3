"""Out: a reader of the outbox writes a row for each endpoint and event, and the worker's part sends what is due."""
