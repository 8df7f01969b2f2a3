"""The HTTP API: thin doors that parse, call and translate. One request is one transaction."""
