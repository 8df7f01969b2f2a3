"""Properties of the two engines: the ledger's planner and the rules."""
