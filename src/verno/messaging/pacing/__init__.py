"""How fast a provider may be asked, by all workers and lanes together."""
