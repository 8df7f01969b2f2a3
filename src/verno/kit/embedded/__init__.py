"""PostgreSQL of our own, for a laptop, a test run or a small shop: found, initialised, started, stopped."""
