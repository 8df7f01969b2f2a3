"""The Replay Lab."""
