"""Who was erased and joins again: known by a hash that serves for nothing else, for a time."""
