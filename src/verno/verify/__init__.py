"""The independent checker: recomputes every figure from the rows that made it, and shares no code with the planner."""
