"""Letters: from a stored message to what its reader sees, and to bytes."""
