"""The till's bench: what a queue at the counter waits for, and what a long history costs."""
