"""In: a door for other people's signed events. Each is verified as bytes, stored once, handed to its handler."""
