"""The bench: what this machine and its PostgreSQL can do (pgbench), and what Verno does on them, as ratios."""
