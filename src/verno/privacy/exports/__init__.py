"""Files out: all that is known of one member, and the members of a program."""
