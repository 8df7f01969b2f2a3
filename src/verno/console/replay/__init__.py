"""Pages of the Replay Lab: start a replay, watch it, read what came out; and one receipt by hand."""
