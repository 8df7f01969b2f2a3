"""A rulebook made ready: conditions become closures, rules are indexed, rivals are known."""
