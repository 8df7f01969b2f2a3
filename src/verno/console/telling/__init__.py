"""Pages of messages: those of a member, and all of the program."""
