"""The Replay Lab: a draft rulebook over stored receipts, against the one that holds. Reads, and writes nothing."""
