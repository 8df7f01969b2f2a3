"""The till's arithmetic: what points are worth, how they are spread over lines, what is left after a return. Pure."""
