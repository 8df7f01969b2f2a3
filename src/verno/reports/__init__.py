"""Reports: ready figures of the whole program."""
